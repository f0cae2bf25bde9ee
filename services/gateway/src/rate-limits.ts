import { networkOf, ProblemError } from "@countinghouse/service-kit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { clientAddressOf } from "./client-address.ts";
import type { Config } from "./config.ts";
import type { LiveSession } from "./session-cache.ts";

const MINUTE_MS = 60_000;
/** Callers counted at the same time at most. */
export const CALLERS_MAX = 100_000;

export interface RateLimits {
  /** Throws a 429 when the address has asked too often, for this operation or in all. */
  byAddress(request: FastifyRequest, reply: FastifyReply, operation: string): Promise<void>;
  byUser(request: FastifyRequest, reply: FastifyReply, session: LiveSession): Promise<void>;
}

type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** Requests a minute, counted in this process. Needs @fastify/rate-limit, without global limit. */
export function createRateLimits(app: FastifyInstance, config: Config): RateLimits {
  const users = new WeakMap<FastifyRequest, string>();
  const address = limiter(app, "address", config.RATE_LIMIT_ADDRESS, addressOf);
  const user = limiter(app, "user", config.RATE_LIMIT_USER, (request) => users.get(request) ?? "");
  const ofOperation: Readonly<Record<string, Limiter | undefined>> = {
    login: limiter(app, "login", config.RATE_LIMIT_LOGIN, addressOf),
    register: limiter(app, "register", config.RATE_LIMIT_REGISTER, addressOf),
  };
  return {
    async byAddress(request, reply, operation) {
      await address?.(request, reply);
      await ofOperation[operation]?.(request, reply);
    },
    async byUser(request, reply, { userId }) {
      users.set(request, userId);
      await user?.(request, reply);
    },
  };
}

function limiter(
  app: FastifyInstance,
  name: string,
  max: number,
  keyOf: (request: FastifyRequest) => string,
): Limiter | undefined {
  if (max === 0) return undefined;
  const check = app.createRateLimit({
    max,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `${name} ${keyOf(request)}`,
  });
  return async (request, reply) => {
    const result = await check(request);
    if (result.isAllowed) return;
    const { remaining, ttlInSeconds } = result;
    reply.headers({
      "ratelimit-limit": String(max),
      "ratelimit-remaining": String(Math.max(0, remaining)),
      "ratelimit-reset": String(ttlInSeconds),
    });
    if (!result.isExceeded) return;
    throw new ProblemError("rate_limited", { retryAfterSeconds: Math.max(1, ttlInSeconds) });
  };
}

function addressOf(request: FastifyRequest): string {
  return networkOf(clientAddressOf(request));
}
