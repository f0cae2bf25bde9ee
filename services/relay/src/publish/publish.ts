import { setTimeout as pause } from "node:timers/promises";
import { EventTooLargeError, type Publisher } from "@countinghouse/bus";
import type { LogReader } from "@countinghouse/event-store";
import type { Logger } from "@countinghouse/service-kit";
import type { Tail } from "../log/tail.ts";
import { type CursorStore, LeaseLostError } from "./cursors.ts";
import type { Lease } from "./election.ts";
import type { Health } from "./health.ts";
import type { Queues } from "./queues.ts";
import { type Bell, createBell, createPauses } from "./signals.ts";

/** Events in memory that are not acknowledged; when the brokers are away no more are read. */
const QUEUED_MAX = 5_000;
const READ_EVENTS = 1_000;
/** Cursors are saved this often at most: what a crash repeats is what was sent meanwhile. */
const SAVE_EVERY_MS = 25;
/** A relay that ends waits so long for the brokers to answer what is being sent. */
const LAST_SENDS_MS = 2_000;

export interface PublishDeps {
  readonly reader: LogReader;
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

async function read({ reader, tail, queues, bells, lease, logger }: Work): Promise<void> {
  const { signal } = lease;
  const pauses = createPauses(signal);
  while (!signal.aborted) {
    try {
      const moved = tail.moved(signal);
      for (const { ledger, position } of await reader.heads()) {
        while (queues.readUpTo(ledger) < position && !signal.aborted) {
          if (queues.size >= QUEUED_MAX) await bells.acknowledged.rung(signal);
          else await readPage({ reader, queues, bells }, ledger, position);
        }
      }
      pauses.reset();
      await moved;
    } catch (err) {
      logger.warn({ err }, "the log cannot be read to publish it");
      await pauses.afterFailure();
    }
  }
}

async function readPage(
  { reader, queues, bells }: Pick<Work, "reader" | "queues" | "bells">,
  ledger: number,
  head: number,
): Promise<void> {
  const after = queues.readUpTo(ledger);
  const upTo = Math.min(head, after + READ_EVENTS);
  const lines = await reader.readLines({ ledger, after, upTo, limit: READ_EVENTS });
  const streams = [...new Set(lines.map(({ streamId }) => streamId))];
  const categories = await reader.categoriesOf(ledger, streams);
  const ofAccounts = lines.filter(({ streamId }) => categories.get(streamId) === "account");
  queues.add(ledger, ofAccounts, upTo);
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
        batch.map(({ event }) => event),
      );
      queues.acknowledged(partition, batch);
      health.published(partition, batch.length);
      bells.acknowledged.ring();
      pauses.reset();
      most = undefined;
    } catch (err) {
      health.failed();
      const isTooLarge = err instanceof EventTooLargeError;
      const [first] = batch;
      const { eventId } = first?.event ?? {};
      const facts = { err, partition, events: batch.length, eventId };
      if (isTooLarge && batch.length > 1) most = Math.ceil(batch.length / 2);
      else if (isTooLarge)
        logger.error(facts, "an event is too large for the topic: it stops here");
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
