import { connect } from "node:net";

const TIMEOUT_MS = 12_000;

/**
 * Sends bytes as they are and gives all that comes back until the other side closes, or `enough`
 * says that it is.
 */
export function sendRaw(
  url: string,
  bytes: string | Buffer,
  enough: (answer: string) => boolean = () => false,
): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.write(bytes);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no end in time: ${answer}`)), TIMEOUT_MS);
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (chunk) => {
      answer += chunk;
      if (enough(answer)) finish();
    });
    socket.on("close", finish);
    socket.on("error", finish);
  });
}

/** Whether an answer's head is complete. */
export function hasHead(answer: string): boolean {
  return answer.includes("\r\n\r\n");
}
