import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { SecureContextOptions } from "node:tls";
import type { Access } from "@countinghouse/contracts";
import { Ajv } from "ajv";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { handleClientError, handleError } from "./errors.ts";
import { isDay, isMoment } from "./formats.ts";
import { addHealthRoutes, type ReadinessCheck } from "./health.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { ProblemError } from "./problem-error.ts";
import { parseQueryString } from "./query-string.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { checkContentType, parseStrictJson } from "./strict-json.ts";

/** Limits of one request; see docs/SECURITY.md. */
export const REQUEST_LIMITS = {
  bodyBytes: 64 * 1024,
  headerBytes: 8 * 1024,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  checkIntervalMs: 1_000,
  keepAliveMs: 65_000,
} as const;

const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface AppDeps {
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly readiness: readonly ReadinessCheck[];
  /** An inner service takes the request id that the gateway gave; the gateway gives a new one. */
  readonly requestIds: "from gateway" | "new";
  /** Serves TLS with this; plain HTTP unless given. */
  readonly tls?: SecureContextOptions;
  /** Asked before a URL of no encoding is refused, since no hook is; it may refuse first. */
  readonly onBadUrl?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Whose `X-Forwarded-For` is believed, as addresses and networks; nobody's unless given. */
  readonly trustedProxies?: readonly string[];
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may call the route; a route without it fails the start. */
    access?: Access;
    /** The operation that the route serves. */
    operation?: string;
  }
  interface FastifyInstance {
    /** Aborted when the app begins to close: long answers end themselves. */
    closing: AbortSignal;
  }
}

/**
 * A Fastify app with nothing of Fastify's lenient defaults: strict JSON and query strings, no type
 * coercion, problems for every failure, limits on everything, and no route without an access
 * policy.
 */
export function createApp(deps: AppDeps): FastifyInstance {
  const app = fastify({
    ...serverOptions(deps.tls),
    loggerInstance: deps.logger as Logger & { level: string },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: deps.requestIds === "new" ? () => randomUUID() : requestIdOf,
    trustProxy: deps.trustedProxies?.length ? [...deps.trustedProxies] : false,
    bodyLimit: REQUEST_LIMITS.bodyBytes,
    requestTimeout: REQUEST_LIMITS.requestTimeoutMs,
    keepAliveTimeout: REQUEST_LIMITS.keepAliveMs,
    forceCloseConnections: "idle",
    // What comes on an open connection while the service ends is answered; then that one ends, too.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { querystringParser: parseQueryString },
    clientErrorHandler: handleClientError,
    frameworkErrors: refuseUrl(deps) as never,
  }) as unknown as FastifyInstance;
  // What else a client expects is its own affair (RFC 9110, 10.1.1).
  app.server.on("checkExpectation", (request, response) => {
    app.server.emit("request", request, response);
  });
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(async () => {
    throw new ProblemError("not_found");
  });
  useStrictParsers(app);
  requirePolicies(app);
  observe(app, deps);
  announceClosing(app);
  // What a service answers passes the gateway, which sets them on every answer of its own.
  if (deps.requestIds === "new") {
    app.addHook("onRequest", (_, reply, done) => {
      reply.headers(SECURITY_HEADERS);
      done();
    });
  }
  addHealthRoutes(app, deps.readiness);
  return app;
}

function refuseUrl({ onBadUrl = async () => {} }: AppDeps) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    onBadUrl(request, reply).then(
      () => handleError(error, request, reply),
      (refusal: unknown) => handleError(refusal, request, reply),
    );
  };
}

function serverOptions(tls: SecureContextOptions | undefined): object {
  const limits = {
    maxHeaderSize: REQUEST_LIMITS.headerBytes,
    headersTimeout: REQUEST_LIMITS.headersTimeoutMs,
    connectionsCheckingInterval: REQUEST_LIMITS.checkIntervalMs,
  };
  if (tls === undefined) return { http: limits };
  return { https: { ...limits, ...tls, handshakeTimeout: REQUEST_LIMITS.headersTimeoutMs } };
}

function requestIdOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID();
}

function useStrictParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, parseBody);
  const ajv = new Ajv({ allErrors: true, coerceTypes: false, removeAdditional: false });
  ajv.addFormat("date-time", isMoment);
  ajv.addFormat("date", isDay);
  app.setValidatorCompiler(({ schema }) => ajv.compile(schema as object));
}

type Parsed = (error: Error | null, body?: unknown) => void;

function parseBody({ headers }: FastifyRequest, body: Buffer, done: Parsed): void {
  try {
    checkContentType(headers["content-type"]);
    // No body is no body, whatever type is announced for it; the schema says if one is needed.
    done(null, body.length === 0 ? undefined : parseStrictJson(body));
  } catch (error) {
    done(error as Error);
  }
}

function requirePolicies(app: FastifyInstance): void {
  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.access === undefined) {
      throw new Error(`${method} ${url} declares no access policy`);
    }
  });
}

function observe(app: FastifyInstance, { logger, metrics, requestIds }: AppDeps): void {
  // The gateway logs every request; of what a service then answers well, once is enough.
  const usual = requestIds === "new" ? "info" : "debug";
  const labels = ["method", "route", "status"];
  const seconds = metrics.seconds("http_request_seconds", "Time to answer a request", labels);
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    const { method, id: requestId } = request;
    const status = reply.statusCode;
    const elapsedMs = reply.elapsedTime;
    seconds.observe({ method, route, status: String(status) }, elapsedMs / 1000);
    const level = status >= 500 ? "error" : status >= 400 ? "info" : usual;
    logger[level](
      { requestId, method, route, status, elapsedMs: Math.round(elapsedMs) },
      "request",
    );
    done();
  });
}

function announceClosing(app: FastifyInstance): void {
  const closing = new AbortController();
  app.decorate("closing", closing.signal);
  app.addHook("preClose", async () => closing.abort());
  // Only connections that are idle at that moment are closed; one that becomes idle later would
  // stay.
  app.addHook("onResponse", ({ raw }, _, done) => {
    if (closing.signal.aborted) raw.socket.destroySoon();
    done();
  });
}
