import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Fault, PROBLEMS, type ProblemCode, problemDocument } from "@countinghouse/contracts";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { isDatabaseAway } from "./database.ts";
import { ProblemError } from "./problem-error.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { pointerStep } from "./strict-json.ts";

const PROBLEM_TYPE = "application/problem+json; charset=utf-8";
const FAULTS_MAX = 20;
const RETRY_AFTER_SECONDS = 1;

/** Fastify's own failures, by the problem that each is. */
const FASTIFY_PROBLEMS: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: "unsupported_media_type",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "malformed",
  FST_ERR_CTP_EMPTY_JSON_BODY: "malformed",
  FST_ERR_BAD_URL: "not_found",
  FST_ERR_ASYNC_CONSTRAINT: "not_found",
  FST_ERR_MAX_PARAM_LENGTH: "not_found",
};

/** The one error handler: every failure becomes a problem of the catalogue, else a bare 500. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = asProblem(error);
  if (PROBLEMS[problem.code].status >= 500) {
    request.log.error({ err: error, requestId: request.id }, "request failed");
  }
  sendProblem(reply, request.id, problem);
}

/** Sends the problem document of an error as the answer. */
export function sendProblem(reply: FastifyReply, requestId: string, problem: ProblemError): void {
  const document = problemDocument(problem.code, requestId, problem.errors);
  reply
    .code(document.status)
    .headers({ ...SECURITY_HEADERS, ...problem.headers, "content-type": PROBLEM_TYPE })
    .serializer((text: unknown) => String(text))
    .send(JSON.stringify(document));
}

/** The problem that an error is to the caller. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const { validation, validationContext, code } = error as FastifyError;
  if (validation !== undefined) return invalid(validation, validationContext);
  const known = FASTIFY_PROBLEMS[code];
  if (known === "malformed") return new ProblemError(known, { errors: [NOT_READABLE] });
  if (known !== undefined) return new ProblemError(known);
  if (isDatabaseAway(error)) {
    return new ProblemError("unavailable", {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
  return new ProblemError("internal", { cause: error });
}

const NOT_READABLE: Fault = { path: "", message: "cannot be read" };

type Validation = NonNullable<FastifyError["validation"]>;

function invalid(validation: Validation, context: string | undefined): ProblemError {
  const faults = validation.slice(0, FAULTS_MAX).map(({ instancePath, params, message }) => {
    const extra = params.additionalProperty ?? params.missingProperty;
    const pointer = extra === undefined ? instancePath : `${instancePath}/${stepOf(extra)}`;
    const path = context === "querystring" ? `?${pointer.slice(1)}` : pointer;
    return { path, message: params.additionalProperty ? "is not known here" : (message ?? "") };
  });
  return new ProblemError("malformed", { errors: faults });
}

function stepOf(name: unknown): string {
  return pointerStep(String(name)).slice(0, 100);
}

const CLIENT_PROBLEMS: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** Node keeps the answer that a connection is busy with here; it has no public name. */
type BusySocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/** Connections that have sent what is no request and are to be closed. */
const failed = new WeakSet<Socket>();

/**
 * Answers what was never a request for Fastify: too large a header, too slow, not HTTP at all. An
 * earlier request of the same connection gets its own answer first: a client that pipelines must
 * not take this one for it.
 */
export function handleClientError(error: Error & { code?: string }, socket: Socket): void {
  // Only who speaks HTTP gets an answer in HTTP; a handshake that failed is not a redirect either.
  if (!/^(HPE|ERR_HTTP)_/.test(error.code ?? "") || socket.destroyed) {
    socket.destroy();
    return;
  }
  if (failed.has(socket)) return;
  failed.add(socket);
  refuse(error, socket);
}

function refuse(error: Error & { code?: string }, socket: BusySocket): void {
  const busyWith = socket._httpMessage;
  if (busyWith?.req.complete && !busyWith.writableFinished) {
    busyWith.once("finish", () => setImmediate(() => refuse(error, socket)));
    return;
  }
  if (!socket.writable || busyWith?.headersSent) {
    socket.destroySoon();
    return;
  }
  const code = CLIENT_PROBLEMS[error.code ?? ""] ?? "malformed";
  const errors = code === "malformed" ? [NOT_READABLE] : undefined;
  const document = problemDocument(code, crypto.randomUUID(), errors);
  const body = JSON.stringify(document);
  const headers = Object.entries({
    ...SECURITY_HEADERS,
    "content-type": PROBLEM_TYPE,
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const status = `HTTP/1.1 ${document.status} ${document.title}\r\n`;
  socket.end(`${status}${headers.join("")}\r\n${body}`);
}
