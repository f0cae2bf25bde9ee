import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { type Fault, PROBLEMS, problemDocument } from "@countinghouse/contracts";
import {
  type Logger,
  ProblemError,
  REQUEST_LIMITS,
  SECURITY_HEADERS,
} from "@countinghouse/service-kit";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Open connections to one service at most, and how long an unused one is kept. */
const CONNECTIONS_MAX = 256;
const UNUSED_MS = 30_000;
/** How long a service may take to begin its answer. */
const ANSWER_TIMEOUT_MS = 15_000;

/** The request headers that services see; everything else a client sends ends here. */
const PASSED_ON = [
  ...["accept", "content-type", "content-length", "idempotency-key", "consistency-token"],
  ...["user-agent", "traceparent", "last-event-id"],
] as const;
const NOT_PASSED_BACK = new Set(["connection", "keep-alive", "transfer-encoding", "date"]);

export interface Target {
  readonly url: URL;
  readonly agent: Agent;
}

export function createTarget(url: string): Target {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: UNUSED_MS });
  return { url: new URL(url), agent };
}

/**
 * Streams a request to a service and its answer back. Nothing is parsed here; the body is bounded
 * by its announced length, or counted where it has none.
 */
export function forward(
  request_: FastifyRequest,
  reply: FastifyReply,
  target: Target,
  innerToken: string | undefined,
  log: Logger,
): void {
  const { raw, id } = request_;
  const length = Number(raw.headers["content-length"] ?? 0);
  if (length > REQUEST_LIMITS.bodyBytes) throw new ProblemError("too_large");
  reply.hijack();
  const upstream = request({
    agent: target.agent,
    host: target.url.hostname,
    port: target.url.port,
    method: raw.method,
    path: raw.url,
    headers: headersFor(raw.headers, id, innerToken),
    timeout: ANSWER_TIMEOUT_MS,
  });
  upstream.on("response", (answer) => passBack(answer, reply, id));
  upstream.on("timeout", () => upstream.destroy(new Error("no answer in time")));
  upstream.on("error", (err) => {
    if (reply.raw.destroyed && !reply.raw.headersSent) return;
    log.warn({ err, requestId: id }, "service did not answer");
    fail(reply, id, new ProblemError("unavailable", { retryAfterSeconds: 1 }));
  });
  reply.raw.on("close", () => {
    if (!reply.raw.writableFinished) upstream.destroy();
  });
  sendBody(raw, upstream, () => {
    fail(reply, id, new ProblemError("too_large"));
    upstream.destroy();
  });
}

function headersFor(
  given: IncomingHttpHeaders,
  requestId: string,
  innerToken: string | undefined,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "x-request-id": requestId };
  for (const name of PASSED_ON) {
    const value = given[name];
    if (value !== undefined) headers[name] = value;
  }
  if (given["transfer-encoding"] !== undefined) headers["transfer-encoding"] = "chunked";
  if (innerToken !== undefined) headers.authorization = `Bearer ${innerToken}`;
  return headers;
}

function sendBody(
  raw: IncomingMessage,
  upstream: ReturnType<typeof request>,
  tooLarge: () => void,
): void {
  if (raw.headers["content-length"] === undefined && !raw.headers["transfer-encoding"]) {
    upstream.end();
    return;
  }
  let bytes = 0;
  raw.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > REQUEST_LIMITS.bodyBytes) {
      raw.pause();
      raw.unpipe(upstream);
      tooLarge();
    }
  });
  raw.pipe(upstream);
}

function passBack(answer: IncomingMessage, reply: FastifyReply, requestId: string): void {
  const { raw } = reply;
  if (raw.headersSent || raw.destroyed) {
    answer.resume();
    return;
  }
  const headers: Record<string, unknown> = { ...reply.getHeaders(), "x-request-id": requestId };
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!NOT_PASSED_BACK.has(name)) headers[name] = value;
  }
  raw.writeHead(answer.statusCode ?? 502, headers as IncomingHttpHeaders);
  if (answer.headers["content-length"] === undefined) {
    // A stream may be silent for long: its head goes out at once, and silence is no fault.
    raw.flushHeaders();
    answer.socket.setTimeout(0);
  }
  answer.pipe(raw);
  answer.on("error", () => raw.destroy());
  answer.on("aborted", () => raw.destroy());
}

/** A problem on a reply that Fastify has let go of. */
function fail(reply: FastifyReply, requestId: string, problem: ProblemError): void {
  const { raw } = reply;
  if (raw.headersSent) {
    raw.destroy();
    return;
  }
  const errors: readonly Fault[] | undefined = problem.errors;
  raw.writeHead(PROBLEMS[problem.code].status, {
    ...SECURITY_HEADERS,
    ...problem.headers,
    "content-type": "application/problem+json; charset=utf-8",
    connection: "close",
  });
  raw.end(JSON.stringify(problemDocument(problem.code, requestId, errors)));
}
