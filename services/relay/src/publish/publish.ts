import { setTimeout as pause } from "node:timers/promises";
import { EventTooLargeError, type Publisher } from "@countinghouse/bus";
import type { LogReader, RecordSlice, StoredEvent } from "@countinghouse/event-store";
import type { Logger } from "@countinghouse/service-kit";
import type { Tail } from "../log/tail.ts";
import { type CursorStore, LeaseLostError } from "./cursors.ts";
import type { Lease } from "./election.ts";
import type { Health } from "./health.ts";
import type { Page, Plan } from "./plan.ts";
import type { Queues } from "./queues.ts";
import { type Bell, createBell, createPauses } from "./signals.ts";

/** Positions of one read. */
const READ_POSITIONS = 2_000;
/** The reader looks again after this, for partitions that have got stuck meanwhile. */
const LOOK_AGAIN_MS = 250;
/** What is published: the streams of accounts. */
export const CATEGORY = "account";
/** Cursors are saved this often at most: what a crash repeats is what was sent meanwhile. */
const SAVE_EVERY_MS = 25;
/** A relay that ends waits so long for the brokers to answer what is being sent. */
const LAST_SENDS_MS = 2_000;

export interface PublishDeps {
  readonly reader: Pick<LogReader, "heads">;
  readRecords(slice: RecordSlice): Promise<StoredEvent[]>;
  readonly tail: Tail;
  readonly publisher: Publisher;
  readonly cursors: CursorStore;
  readonly queues: Queues;
  readonly partitions: number;
  readonly health: Health;
  readonly logger: Logger;
}

interface Work extends PublishDeps {
  /** Rung when events are read, acknowledged, or the like: all look again. */
  readonly bells: Readonly<Record<"read" | "acknowledged", Bell>>;
  readonly lease: Lease;
}

/**
 * Publishes the events of account streams of all ledgers while the lease holds: one loop reads, one
 * for each partition sends, one saves cursors. Returns when the lease is aborted, throws a
 * LeaseLostError when another relay has taken over.
 */
export async function publish(deps: PublishDeps, lease: Lease): Promise<void> {
  deps.health.queued(() => deps.queues.size);
  const work: Work = {
    ...deps,
    lease,
    bells: { read: createBell(), acknowledged: createBell() },
  };
  const sending = Promise.all(
    Array.from({ length: deps.partitions }, (_, partition) => send(work, partition)),
  );
  const reading = read(work);
  await save(work);
  await reading;
  await Promise.race([sending, pause(LAST_SENDS_MS, undefined, { ref: false })]);
  await deps.cursors.move(lease.epoch, deps.queues.moved());
}

/** Reads what is to be sent, as long as there is room for it. */
async function read(work: Work): Promise<void> {
  const { reader, tail, queues, bells, lease, logger } = work;
  const { signal } = lease;
  const pauses = createPauses(signal);
  while (!signal.aborted) {
    const waiting = new AbortController();
    const until = AbortSignal.any([signal, waiting.signal]);
    try {
      const moved = tail.moved(until);
      const isFull = await readAll(work, await reader.heads());
      pauses.reset();
      if (isFull || queues.isUneven) {
        const again = pause(LOOK_AGAIN_MS, undefined, { signal: until }).catch(() => undefined);
        await Promise.race([bells.acknowledged.rung(until), again, ...(isFull ? [] : [moved])]);
      } else {
        await moved;
      }
    } catch (err) {
      logger.warn({ err }, "the log cannot be read to publish it");
      await pauses.afterFailure();
    } finally {
      waiting.abort();
    }
  }
}

/** True when it ended since partitions have enough to send, not since all was read. */
async function readAll(
  work: Work,
  heads: readonly { ledger: number; position: number }[],
): Promise<boolean> {
  const { queues, health, lease } = work;
  const plan = ({ ledger, position }: { ledger: number; position: number }): Plan => {
    return queues.plan(ledger, position, READ_POSITIONS, health.stuck());
  };
  for (;;) {
    let isFull = false;
    let hasRead = false;
    // A page of each in turn: no ledger waits for another that has much to catch up with.
    for (const head of heads) {
      if (lease.signal.aborted) return false;
      const next = plan(head);
      if (next === "full") isFull = true;
      else if (next !== undefined) {
        await readPage(work, next);
        hasRead = true;
      }
    }
    if (!hasRead) return isFull;
  }
}

async function readPage({ readRecords, queues, bells }: Work, page: Page): Promise<void> {
  const { ledger, after, upTo } = page;
  queues.add(page, await readRecords({ ledger, after, upTo, category: CATEGORY }));
  bells.read.ring();
  bells.acknowledged.ring();
}

/** Sends what waits for one partition; the same again and again until it is acknowledged. */
async function send(work: Work, partition: number): Promise<void> {
  const { queues, publisher, bells, lease, health, logger } = work;
  const pauses = createPauses(lease.signal);
  let most: number | undefined;
  while (!lease.signal.aborted) {
    const batch = queues.next(partition, most);
    if (batch.length === 0) {
      await bells.read.rung(lease.signal);
      continue;
    }
    try {
      health.sending(partition);
      await publisher.publish(
        partition,
        batch.map(({ record }) => record),
      );
      queues.acknowledged(partition, batch);
      health.published(partition, batch.length);
      bells.acknowledged.ring();
      pauses.reset();
      most = undefined;
    } catch (err) {
      const isTooLarge = err instanceof EventTooLargeError;
      const eventId = batch[0]?.record.headers.ce_id;
      const facts = { err, partition, events: batch.length, eventId };
      if (isTooLarge && batch.length > 1) {
        most = Math.ceil(batch.length / 2);
        continue;
      }
      health.failed(partition, isTooLarge ? "too large" : "not acknowledged");
      if (isTooLarge) logger.error(facts, "an event is too large for the topic: it stops here");
      else logger.warn(facts, "events are not acknowledged; publishing them again");
      await pauses.afterFailure();
    }
  }
}

/** Saves the cursors behind what is acknowledged, one statement at a time. */
async function save({ queues, cursors, bells, lease, logger }: Work): Promise<void> {
  const { signal, epoch } = lease;
  const pauses = createPauses(signal);
  while (!signal.aborted) {
    const moved = queues.moved();
    if (moved.length === 0) {
      await bells.acknowledged.rung(signal);
      continue;
    }
    try {
      await cursors.move(epoch, moved);
      queues.saved(moved);
      pauses.reset();
      await pause(SAVE_EVERY_MS, undefined, { signal }).catch(() => undefined);
    } catch (err) {
      if (err instanceof LeaseLostError) throw err;
      logger.warn({ err }, "the cursors cannot be saved");
      await pauses.afterFailure();
    }
  }
}
