import { networkOf, ProblemError } from "@countinghouse/service-kit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { clientAddressOf } from "./client-address.ts";
import type { Config } from "./config.ts";
import type { LiveSession } from "./session-cache.ts";
import type { SharedCounters } from "./shared-counters.ts";

const MINUTE_MS = 60_000;
/** Callers counted at the same time at most. */
export const CALLERS_MAX = 100_000;

export interface RateLimits {
  /** Throws a 429 when the address has asked too often, for this operation or in all. */
  byAddress(
    request: FastifyRequest,
    reply: FastifyReply,
    operation: string | undefined,
  ): Promise<void>;
  byUser(request: FastifyRequest, reply: FastifyReply, session: LiveSession): Promise<void>;
}

type KeyOf = (request: FastifyRequest) => string;
type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Requests a minute, counted in this process and, where there are shared counters, over all
 * gateways. Needs @fastify/rate-limit, without global limit.
 */
export function createRateLimits(
  app: FastifyInstance,
  config: Config,
  counters?: SharedCounters,
): RateLimits {
  const limiter = (name: string, max: number, keyOf: KeyOf) => {
    return max === 0 ? undefined : createLimiter(app, { name, max, keyOf }, counters);
  };
  const users = new WeakMap<FastifyRequest, string>();
  const address = limiter("address", config.RATE_LIMIT_ADDRESS, addressOf);
  const user = limiter("user", config.RATE_LIMIT_USER, (request) => users.get(request) ?? "");
  const ofOperation: Readonly<Record<string, Limiter | undefined>> = {
    login: limiter("login", config.RATE_LIMIT_LOGIN, addressOf),
    register: limiter("register", config.RATE_LIMIT_REGISTER, addressOf),
  };
  return {
    async byAddress(request, reply, operation) {
      await address?.(request, reply);
      await ofOperation[operation ?? ""]?.(request, reply);
    },
    async byUser(request, reply, { userId }) {
      users.set(request, userId);
      await user?.(request, reply);
    },
  };
}

interface Limit {
  readonly name: string;
  readonly max: number;
  readonly keyOf: KeyOf;
}

function createLimiter(
  app: FastifyInstance,
  { name, max, keyOf }: Limit,
  counters: SharedCounters | undefined,
): Limiter {
  const check = app.createRateLimit({
    max,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `${name} ${keyOf(request)}`,
  });
  return async (request, reply) => {
    const here = await check(request);
    if (here.isAllowed) return;
    // What is too much for this gateway is too much for all: nobody else need be asked.
    const all = here.isExceeded ? undefined : await counters?.count(here.key, MINUTE_MS);
    const left = Math.min(here.remaining, max - (all?.count ?? 0));
    const seconds = Math.ceil((all?.leftMs ?? here.ttl) / 1000);
    reply.headers({
      "ratelimit-limit": String(max),
      "ratelimit-remaining": String(Math.max(0, left)),
      "ratelimit-reset": String(seconds),
    });
    if (!here.isExceeded && left >= 0) return;
    throw new ProblemError("rate_limited", { retryAfterSeconds: Math.max(1, seconds) });
  };
}

function addressOf(request: FastifyRequest): string {
  return networkOf(clientAddressOf(request));
}
