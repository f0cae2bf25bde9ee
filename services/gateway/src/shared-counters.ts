import type { Logger, Metrics } from "@countinghouse/service-kit";
import { Redis } from "ioredis";

/** How long one count may take; after that every gateway counts for itself. */
const ANSWER_MS = 100;
/** For how long Redis is not asked again once it has failed. */
const PAUSE_MS = 1_000;
const CONNECT_MS = 2_000;
const RECONNECT_MOST_MS = 2_000;
const PREFIX = "countinghouse:limit:";

/** Counts one and gives how many there are and for how long they count; all in one step. */
const COUNT = `
  local count = redis.call('INCR', KEYS[1])
  if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return { count, redis.call('PTTL', KEYS[1]) }
`;

/** Counters that all gateways share. */
export interface SharedCounters {
  /** Undefined while Redis is away: then each gateway's own count is all there is. */
  count(
    key: string,
    windowMs: number,
  ): Promise<{ readonly count: number; readonly leftMs: number } | undefined>;
  stop(): Promise<void>;
}

type Counting = Redis & {
  countOne(key: string, windowMs: number): Promise<[count: number, leftMs: number]>;
};

export function createSharedCounters(
  url: string,
  logger: Logger,
  metrics: Metrics,
): SharedCounters {
  const redis = new Redis(url, {
    commandTimeout: ANSWER_MS,
    connectTimeout: CONNECT_MS,
    enableOfflineQueue: false,
    keyPrefix: PREFIX,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 100, RECONNECT_MOST_MS),
    scripts: { countOne: { lua: COUNT, numberOfKeys: 1 } },
  }) as Counting;
  let isShared = true;
  let pausedUntilMs = 0;
  metrics.gauge("rate_limits_shared", "1 while limits hold over all gateways", [], (gauge) => {
    gauge.set(isShared ? 1 : 0);
  });
  const fail = (err: unknown) => {
    pausedUntilMs = Date.now() + PAUSE_MS;
    if (isShared) logger.warn({ err }, "no Redis: every gateway limits for itself");
    isShared = false;
  };
  redis.on("error", fail);

  return {
    async count(key, windowMs) {
      if (Date.now() < pausedUntilMs) return undefined;
      try {
        const [count, leftMs] = await redis.countOne(key, windowMs);
        if (!isShared) logger.info("Redis is back: limits hold over all gateways");
        isShared = true;
        return { count, leftMs: leftMs < 0 ? windowMs : leftMs };
      } catch (err) {
        fail(err);
        return undefined;
      }
    },
    async stop() {
      redis.disconnect();
    },
  };
}
