import { connect, type Socket } from "node:net";
import type { RequestBytes } from "./request.ts";

const STATUS_AT = "HTTP/1.1 ".length;
const HEAD_END = "\r\n\r\n";
const LENGTH_HEADER = "content-length: ";

/** What one client tells of every answer. */
export type OnAnswer = (status: number, startedAt: number, text: string) => void;

/**
 * One client: sends a request, waits for the whole answer and then for as long as `waitMs` says,
 * sends the next, until `isOver`. Reads no more of an answer than its status and length, so that it
 * costs a few microseconds.
 */
export function createClient(
  port: number,
  requests: RequestBytes,
  waitMs: () => number,
  isOver: () => boolean,
  onAnswer: OnAnswer,
): Promise<void> {
  return new Promise((done) => {
    let socket: Socket;
    let [startedAt, text, wanted] = [0, "", 0];

    function next(): void {
      const ms = waitMs();
      if (ms < 1) send();
      else setTimeout(send, ms);
    }

    function send(): void {
      if (isOver()) {
        socket.destroy();
        done();
        return;
      }
      startedAt = performance.now();
      socket.write(requests.next());
    }

    function take(chunk: string): void {
      text += chunk;
      if (wanted === 0) wanted = lengthOf(text);
      if (wanted === 0 || text.length < wanted) return;
      const answer = text;
      [text, wanted] = ["", 0];
      onAnswer(Number(answer.slice(STATUS_AT, STATUS_AT + 3)), startedAt, answer);
      next();
    }

    // Read into one buffer, past the stream's own queue.
    const buffer = Buffer.alloc(READ_BYTES);
    const onread = {
      buffer,
      callback(bytes: number) {
        take(buffer.toString("latin1", 0, bytes));
        return true;
      },
    };

    function open(): void {
      socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
      socket.on("connect", next);
      socket.on("error", () => {});
      socket.on("close", () => {
        if (isOver()) return done();
        [text, wanted] = ["", 0];
        onAnswer(0, startedAt, "");
        setTimeout(open, RECONNECT_MS);
      });
    }

    open();
  });
}

const RECONNECT_MS = 20;
const READ_BYTES = 64 * 1024;

/** How long the answer is, head and body; 0 while its head is not whole. */
function lengthOf(text: string): number {
  const end = text.indexOf(HEAD_END);
  if (end < 0) return 0;
  const at = text.indexOf(LENGTH_HEADER);
  if (at < 0 || at > end) throw new Error("an answer without Content-Length");
  const from = at + LENGTH_HEADER.length;
  return end + HEAD_END.length + Number(text.slice(from, text.indexOf("\r\n", from)));
}
