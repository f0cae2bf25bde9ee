import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from "node:http";
import { PROBLEMS, problemDocument } from "@countinghouse/contracts";
import { type Logger, malformed, ProblemError } from "@countinghouse/service-kit";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Instance, Target } from "./target.ts";

/** How long a client may take to read what is left of an answer that has ended. */
const LAST_READS_MS = 10_000;
/** Answers up to this size are taken in whole before they go out. */
const WHOLE_BYTES = 64 * 1024;
/** How long a service may take to begin its answer. */
const ANSWER_TIMEOUT_MS = 15_000;

/** The request headers that services see; everything else a client sends ends here. */
const PASSED_ON = [
  ...["accept", "content-type", "idempotency-key", "consistency-token"],
  ...["user-agent", "traceparent", "last-event-id"],
] as const;
const NOT_PASSED_BACK = new Set(["connection", "keep-alive", "transfer-encoding", "date"]);

/** How one request goes on: to which service, as whom, with how many bytes of body at most. */
export interface Way {
  readonly target: Target;
  readonly innerToken?: string;
  /** Told to the services that count by it. */
  readonly clientAddress?: string;
  readonly bodyMax: number;
  /** Whether sending a request twice does no more than sending it once. */
  readonly isRepeatable: boolean;
  /** Whether the answer may stay open. */
  readonly isOpen: boolean;
  /** Takes what ends an answer that does; gives whom to tell when it has ended. */
  readonly onOpen?: (end: () => void) => () => void;
}

/**
 * Passes a request on to a service, and streams its answer back. No parsing happens here. The body
 * is taken in first, within its bound, so that a slow client holds no connection to a service.
 * Throws a 413 for a body that is too large.
 */
export async function forward(
  request_: FastifyRequest,
  reply: FastifyReply,
  way: Way,
  log: Logger,
): Promise<void> {
  const { raw } = request_;
  const keys = raw.headersDistinct["idempotency-key"] ?? [];
  if (keys.length > 1) throw malformed("Idempotency-Key", "is given more than once");
  const body = await bodyOf(raw, way.bodyMax);
  reply.hijack();
  if (reply.raw.destroyed) return;
  ask({ request_, reply, way, body, log }, way.target.inTurn());
}

interface Asking {
  readonly request_: FastifyRequest;
  readonly reply: FastifyReply;
  readonly way: Way;
  readonly body: Buffer | undefined;
  readonly log: Logger;
  /** It was sent before, on a connection that its service was just closing. */
  readonly isAgain?: boolean;
}

/**
 * Asks an instance; where it is out of reach, the next, if asking twice does no harm and nothing of
 * an answer has gone out. A kept connection may be closed by a service that ends in good order just
 * as a request is on its way: that one is asked once more, on another connection.
 */
function ask(asking: Asking, [instance, ...others]: readonly Instance[]): void {
  const { request_, reply, way, body, log } = asking;
  const { raw, id } = request_;
  if (instance === undefined) {
    fail(reply, id);
    return;
  }
  const { url, agent, openAgent } = instance;
  const upstream = request({
    agent: way.isOpen ? openAgent : agent,
    host: url.hostname,
    port: url.port,
    method: raw.method,
    path: raw.url,
    headers: headersFor(raw, id, way, url, body),
    timeout: ANSWER_TIMEOUT_MS,
  });
  let isOver = false;
  const giveUp = (err: Error, isLate = false) => {
    clearTimeout(timer);
    if (isOver || reply.raw.destroyed || reply.raw.writableEnded) return;
    isOver = true;
    const isAgain = asking.isAgain === true;
    if (!reply.raw.headersSent && !isAgain && way.isRepeatable && wasClosing(upstream, err)) {
      // Where it is the only one, whoever takes its place is asked.
      ask({ ...asking, isAgain: true }, [...others, instance]);
      return;
    }
    instance.failed();
    const isRepeatable = raw.method === "GET" && others.length > 0 && !isLate;
    log.warn({ err, requestId: id, isRepeatable }, "service did not answer");
    if (isRepeatable && !reply.raw.headersSent) ask(asking, others);
    else fail(reply, id);
  };
  const late = () => {
    const err = new Error("no answer in time");
    giveUp(err, true);
    upstream.destroy(err);
  };
  // The timeout of the socket begins with the socket, which may be long in coming.
  const timer = setTimeout(late, ANSWER_TIMEOUT_MS);
  upstream.on("response", (answer) => {
    clearTimeout(timer);
    const isOpen = answer.headers["content-length"] === undefined;
    if (passBack(answer, reply, id, giveUp) && isOpen) stayOpen(answer, reply, way);
  });
  upstream.on("timeout", late);
  upstream.on("error", (err) => giveUp(err));
  reply.raw.on("close", () => {
    clearTimeout(timer);
    if (!reply.raw.writableFinished) upstream.destroy();
  });
  upstream.end(body);
}

/** Whether the connection was one from before, and ended without a word. */
function wasClosing({ reusedSocket }: ClientRequest, { code }: NodeJS.ErrnoException): boolean {
  return reusedSocket && (code === "ECONNRESET" || code === "EPIPE");
}

/** As a flat list, which node writes as it is; an object it would look through name by name. */
function headersFor(
  { method, headers: given }: IncomingMessage,
  requestId: string,
  { innerToken, clientAddress }: Way,
  { host }: URL,
  body: Buffer | undefined,
): string[] {
  const headers = ["host", host, "x-request-id", requestId];
  for (const name of PASSED_ON) {
    const value = given[name];
    if (typeof value === "string") headers.push(name, value);
  }
  // Said of no body, too, which would else go in chunks.
  if (body !== undefined) headers.push("content-length", String(body.length));
  else if (method !== "GET") headers.push("content-length", "0");
  if (clientAddress !== undefined) headers.push("x-client-address", clientAddress);
  if (innerToken !== undefined) headers.push("authorization", `Bearer ${innerToken}`);
  return headers;
}

/** The body of a request, undefined where it has none. What a GET sends along means nothing. */
function bodyOf(raw: IncomingMessage, bodyMax: number): Promise<Buffer | undefined> | undefined {
  const { "content-length": length, "transfer-encoding": encoding } = raw.headers;
  if (raw.method === "GET" || (length === undefined && encoding === undefined)) return undefined;
  if (Number(length ?? 0) > bodyMax) throw new ProblemError("too_large");
  if (raw.destroyed) throw new ProblemError("request_timeout");
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    raw.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      // The rest of a body that is too large is read and dropped, so that the answer arrives.
      if (bytes > bodyMax) reject(new ProblemError("too_large"));
      else chunks.push(chunk);
    });
    raw.on("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    raw.on("close", () => {
      if (!raw.readableEnded) reject(new ProblemError("request_timeout"));
    });
  });
}

/** Gives false when there is nobody to pass it to any more. */
function passBack(
  answer: IncomingMessage,
  reply: FastifyReply,
  requestId: string,
  onBroken: (err: Error) => void,
): boolean {
  const { raw } = reply;
  if (raw.headersSent || raw.destroyed) {
    answer.resume();
    return false;
  }
  const headers: Record<string, unknown> = { ...reply.getHeaders(), "x-request-id": requestId };
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!NOT_PASSED_BACK.has(name)) headers[name] = value;
  }
  const own = reply.getHeader("vary");
  if (own !== undefined && answer.headers.vary !== undefined) {
    headers.vary = `${own}, ${answer.headers.vary}`;
  }
  const status = answer.statusCode ?? 502;
  if (Number(answer.headers["content-length"] ?? Number.NaN) <= WHOLE_BYTES) {
    passWhole(answer, onBroken, (body) => {
      if (raw.destroyed) return;
      raw.writeHead(status, headers as IncomingHttpHeaders).end(body);
    });
    return true;
  }
  raw.writeHead(status, headers as IncomingHttpHeaders);
  answer.pipe(raw);
  answer.on("error", () => raw.destroy());
  answer.on("aborted", () => raw.destroy());
  return true;
}

/** A small answer goes out at once, head and body together, or not at all. */
function passWhole(
  answer: IncomingMessage,
  onBroken: (err: Error) => void,
  send: (body: Buffer | undefined) => void,
): void {
  const chunks: Buffer[] = [];
  answer.on("data", (chunk: Buffer) => chunks.push(chunk));
  answer.on("end", () => send(chunks.length > 1 ? Buffer.concat(chunks) : chunks[0]));
  answer.on("error", onBroken);
}

/** An answer of no known length: it may be silent for long, and ends with its token. */
function stayOpen(answer: IncomingMessage, { raw }: FastifyReply, { onOpen }: Way): void {
  // Its head goes out at once, and silence is no fault.
  raw.flushHeaders();
  answer.socket.setTimeout(0);
  let cut: NodeJS.Timeout | undefined;
  const cutOff = () => {
    cut ??= setTimeout(() => raw.destroy(), LAST_READS_MS);
  };
  const ended = onOpen?.(() => {
    answer.unpipe(raw).removeAllListeners("aborted").removeAllListeners("error");
    answer.on("error", () => undefined);
    raw.end();
    answer.destroy();
    cutOff();
  });
  answer.on("end", cutOff);
  raw.on("close", () => {
    clearTimeout(cut);
    ended?.();
  });
}

/** A 503 on a reply that Fastify has let go of; too late for one, the answer breaks off. */
function fail(reply: FastifyReply, requestId: string): void {
  const { raw } = reply;
  if (raw.headersSent) {
    raw.destroy();
    return;
  }
  const { code, headers } = new ProblemError("unavailable", { retryAfterSeconds: 1 });
  raw.writeHead(PROBLEMS[code].status, {
    ...(reply.getHeaders() as IncomingHttpHeaders),
    ...headers,
    "content-type": "application/problem+json; charset=utf-8",
  });
  raw.end(JSON.stringify(problemDocument(code, requestId)));
}
