import type { AnswerRecord, EventStore } from "@countinghouse/event-store";
import {
  type ConsistencyTokens,
  type Logger,
  type Metrics,
  ProblemError,
} from "@countinghouse/service-kit";
import type { Aggregates } from "./aggregates.ts";
import type { Command } from "./command.ts";
import { type Answer, createCommitBatch } from "./commit-batch.ts";
import type { Draft } from "./draft.ts";

/**
 * Streams that the commands of one append read at most, and those of all that wait for a ledger.
 */
const BATCH_READS_MAX = 2_000;
const WAITING_READS_MAX = 40_000;

/** An answer that is in the log, and whether this command put it there. */
export interface Recorded {
  readonly answer: AnswerRecord;
  readonly isOwn: boolean;
}

/** Decides and appends commands, many at a time. */
export interface Batcher {
  /**
   * Resolves with the answer of the command, once it is durable. When its key has an answer
   * already, gives that one and does nothing. Rejects with a 503 when the database is away; throws
   * one when too many commands wait.
   */
  submit(waiting: Waiting): void;
}

export interface BatcherDeps {
  readonly store: EventStore;
  readonly aggregates: Aggregates;
  readonly tokens: ConsistencyTokens;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** A command and whoever waits for its answer. */
export interface Waiting {
  readonly command: Command;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: unknown) => void;
}

export type Batch = readonly Waiting[];

/**
 * One batch per ledger is under way at a time; commands that arrive meanwhile gather for the next.
 * An idle ledger starts at once, a busy one makes larger batches. Commands on one account are
 * decided one after another inside a batch, so contention makes batches, not conflicts.
 */
export function createBatcher(deps: BatcherDeps): Batcher {
  const queues = new Map<number, Queue>();
  const commit = createCommitBatch(deps);

  async function run(ledger: number): Promise<void> {
    const queue = queues.get(ledger);
    if (queue === undefined || queue.isRunning) return;
    queue.isRunning = true;
    try {
      let answer: Answer | undefined;
      while (queue.waiting.length > 0) {
        const batch = takeBatch(queue);
        const { appended, next } = commit(batch, queue.draft);
        queue.draft = next;
        // Once the next batch is on its way: the database works while the answers go out.
        if (answer !== undefined) setImmediate(answer);
        answer = await appended.catch((error) => () => fail(batch, error));
      }
      answer?.();
    } finally {
      queue.isRunning = false;
      queue.draft = undefined;
    }
  }

  return {
    submit(waiting) {
      const { command } = waiting;
      const queue = queues.get(command.ledger) ?? newQueue();
      queues.set(command.ledger, queue);
      if (queue.reads >= WAITING_READS_MAX) {
        throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
      }
      queue.reads += readsOf(command);
      queue.waiting.push(waiting);
      queue.draft?.add(command);
      void run(command.ledger);
    },
  };
}

interface Queue {
  readonly waiting: Waiting[];
  /** How many streams those who wait read. */
  reads: number;
  isRunning: boolean;
  /** The decisions of those who wait, while a batch is on its way. */
  draft: Draft | undefined;
}

/** Nobody is left without an answer, not even by a bug: their keys would be in use for ever. */
function fail(batch: Batch, error: unknown): void {
  for (const { reject } of batch) reject(error);
}

function newQueue(): Queue {
  return { waiting: [], reads: 0, isRunning: false, draft: undefined };
}

/** Takes as many as one append may have, in their order; one at least, however large. */
function takeBatch(queue: Queue): Waiting[] {
  let [count, reads] = [0, 0];
  for (const { command } of queue.waiting) {
    if (count > 0 && reads + readsOf(command) > BATCH_READS_MAX) break;
    reads += readsOf(command);
    count += 1;
  }
  queue.reads -= reads;
  return queue.waiting.splice(0, count);
}

/** A tariff is one stream for all of a batch. */
function readsOf({ reads }: Command): number {
  const own = reads.at(-1)?.category === "tariff" ? reads.length - 1 : reads.length;
  return Math.max(1, own);
}
