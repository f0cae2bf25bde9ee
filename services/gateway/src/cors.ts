import type { FastifyReply, FastifyRequest } from "fastify";

/** Origins that a list may name at most. */
const LIST_MAX = 50;
/** How long a browser may remember what it may do. */
const MAX_AGE_SECONDS = "600";
const METHODS = "GET, POST, PUT, DELETE";
const ASKED_WITH =
  "authorization, content-type, idempotency-key, consistency-token, last-event-id, traceparent";
const SHOWN =
  "consistency-token, idempotency-replayed, retry-after, ratelimit-limit, ratelimit-remaining, " +
  "ratelimit-reset, www-authenticate, x-request-id";

/**
 * The origins of a list joined by commas; undefined when one is not written as browsers send it:
 * scheme, host and port, nothing after it. `*` and `null` are no origins.
 */
export function parseOrigins(list: string): string[] | undefined {
  const origins = list === "" ? [] : list.split(",").map((one) => one.trim());
  return origins.length <= LIST_MAX && origins.every(isOrigin) ? origins : undefined;
}

/** Pages of which origins may use the bank: those of the list, letter by letter, and no others. */
export interface Cors {
  /** Tells the browser whether the page may read the answer. */
  mark(request: FastifyRequest, reply: FastifyReply): void;
  /** Answers the question of a browser whether it may ask; whether there was one. */
  answerPreflight(request: FastifyRequest, reply: FastifyReply): boolean;
}

export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins);
  const isAllowed = ({ headers: { origin } }: FastifyRequest) => {
    return origin !== undefined && allowed.has(origin);
  };
  return {
    mark(request, reply) {
      // Also where nothing is allowed: no cache may give one page what another one asked for.
      reply.header("vary", "Origin");
      if (!isAllowed(request)) return;
      reply.header("access-control-allow-origin", request.headers.origin);
      reply.header("access-control-expose-headers", SHOWN);
    },
    answerPreflight(request, reply) {
      const asksFor = request.headers["access-control-request-method"];
      if (request.method !== "OPTIONS" || asksFor === undefined || !isAllowed(request)) {
        return false;
      }
      reply.header("access-control-allow-methods", METHODS);
      reply.header("access-control-allow-headers", ASKED_WITH);
      reply.header("access-control-max-age", MAX_AGE_SECONDS);
      reply.code(204).send();
      return true;
    },
  };
}

function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.parse(text)?.origin === text;
}
