import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "@countinghouse/service-kit";
import type pg from "pg";

/** How long a lease holds without being renewed: about when another takes over after a kill. */
const LEASE_MS = 3_000;
const RENEW_EVERY_MS = 1_000;
/** How often a relay that waits looks whether the lease is free. */
const ASK_EVERY_MS = 500;

/** The right to publish. A holder that was paused may still send: consumers drop repeats. */
export interface Lease {
  /** Grows with every new holder; what is written under an older one is refused. */
  readonly epoch: string;
  /** Aborted when the lease is lost, or no longer wanted. */
  readonly signal: AbortSignal;
}

export interface ElectionOptions {
  readonly pool: pg.Pool;
  readonly name: string;
  readonly logger: Logger;
}

/**
 * Does `work` whenever this process holds the lease of this name, one process at a time, until the
 * signal is aborted. `work` ends when its lease is aborted; when it ends by itself the lease is
 * given back and asked for again.
 */
export async function whileElected(
  options: ElectionOptions,
  work: (lease: Lease) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { logger, name } = options;
  while (!signal.aborted) {
    const askedAt = performance.now();
    const epoch = await acquire(options).catch((err) => {
      logger.warn({ err, name }, "the lease cannot be asked for");
      return undefined;
    });
    if (epoch !== undefined) await hold(options, epoch, askedAt, work, signal);
    await pause(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function hold(
  options: ElectionOptions,
  epoch: string,
  askedAt: number,
  work: (lease: Lease) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { logger, name } = options;
  const ended = new AbortController();
  const lease = { epoch, signal: AbortSignal.any([signal, ended.signal]) };
  logger.info({ name, epoch }, "this process has the lease");
  const renewing = renew(options, epoch, askedAt, lease.signal).finally(() => ended.abort());
  try {
    await work(lease);
  } catch (err) {
    logger.error({ err, name }, "the work under the lease failed");
  }
  ended.abort();
  await renewing;
  await release(options, epoch).catch((err) =>
    logger.warn({ err }, "the lease was not given back"),
  );
  logger.info({ name, epoch }, "this process gave the lease back");
}

/** Ends when the lease is lost: another has it, or it could not be renewed in time. */
async function renew(
  { pool, name, logger }: ElectionOptions,
  epoch: string,
  askedAt: number,
  signal: AbortSignal,
): Promise<void> {
  let validUntil = askedAt + LEASE_MS;
  while (!signal.aborted) {
    await pause(RENEW_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = performance.now();
    const left = Promise.withResolvers<"late">();
    const timer = setTimeout(() => left.resolve("late"), Math.max(0, validUntil - now));
    const renewed = pool
      .query(RENEW, [name, epoch, LEASE_MS])
      .then(({ rowCount }) => rowCount === 1)
      .catch((err: unknown) => {
        logger.warn({ err, name }, "the lease was not renewed");
        return undefined;
      });
    const outcome = await Promise.race([renewed, left.promise]);
    clearTimeout(timer);
    if (outcome === "late" || outcome === false) return;
    if (outcome) validUntil = now + LEASE_MS;
    else if (performance.now() >= validUntil) return;
  }
}

const ACQUIRE = `
  INSERT INTO ledger.relay_lease (name, epoch, expires_at)
  VALUES ($1, 1, clock_timestamp() + $2 * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE
     SET epoch = relay_lease.epoch + 1, expires_at = EXCLUDED.expires_at
   WHERE relay_lease.expires_at < clock_timestamp()
  RETURNING epoch`;

async function acquire({ pool, name }: ElectionOptions): Promise<string | undefined> {
  const { rows } = await pool.query<{ epoch: string }>(ACQUIRE, [name, LEASE_MS]);
  return rows[0]?.epoch;
}

const RENEW = `
  UPDATE ledger.relay_lease SET expires_at = clock_timestamp() + $3 * interval '1 millisecond'
   WHERE name = $1 AND epoch = $2`;

const RELEASE = `
  UPDATE ledger.relay_lease SET expires_at = '-infinity' WHERE name = $1 AND epoch = $2`;

async function release({ pool, name }: ElectionOptions, epoch: string): Promise<void> {
  await pool.query(RELEASE, [name, epoch]);
}
