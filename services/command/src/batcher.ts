import type { AnswerRecord, EventStore } from "@countinghouse/event-store";
import {
  type ConsistencyTokens,
  type Logger,
  type Metrics,
  ProblemError,
} from "@countinghouse/service-kit";
import type { Aggregates } from "./aggregates.ts";
import type { Command } from "./command.ts";
import { createCommitBatch } from "./commit-batch.ts";

/** Commands of one append at most, and waiting ones of one ledger at most. */
const BATCH_MAX = 500;
const WAITING_MAX = 10_000;

/** An answer that is in the log, and whether this command put it there. */
export interface Recorded {
  readonly answer: AnswerRecord;
  readonly isOwn: boolean;
}

/** Decides and appends commands, many at a time. */
export interface Batcher {
  /**
   * The answer of the command, once it is durable. When its key has an answer already, gives that
   * one and does nothing. Throws a 503 when too many commands wait or the database is away.
   */
  execute(command: Command): Promise<Recorded>;
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
  const queues = new Map<number, { waiting: Waiting[]; isRunning: boolean }>();
  const commit = createCommitBatch(deps);

  async function run(ledger: number): Promise<void> {
    const queue = queues.get(ledger);
    if (queue === undefined || queue.isRunning) return;
    queue.isRunning = true;
    while (queue.waiting.length > 0) await commit(queue.waiting.splice(0, BATCH_MAX));
    queue.isRunning = false;
  }

  return {
    execute(command) {
      const queue = queues.get(command.ledger) ?? { waiting: [], isRunning: false };
      queues.set(command.ledger, queue);
      if (queue.waiting.length >= WAITING_MAX) {
        throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
      }
      return new Promise((resolve, reject) => {
        queue.waiting.push({ command, resolve, reject });
        void run(command.ledger);
      });
    },
  };
}
