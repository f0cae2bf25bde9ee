import {
  type Decision,
  type EventStore,
  KeyTakenError,
  type LogSession,
  VersionConflictError,
} from "@countinghouse/event-store";
import type { Stream } from "./aggregates.ts";
import type { Batch, BatcherDeps, Waiting } from "./batcher.ts";
import { decideBatch, type Result } from "./decide-batch.ts";
import { createStreamCache, type StreamCache } from "./stream-cache.ts";

/** How often a batch is tried: on the cache, under the lock, and after repeats were taken out. */
const TRIES_MAX = 6;

interface Attempt {
  readonly results: readonly Result[];
  readonly streams: ReadonlyMap<string, Stream>;
}

/**
 * Gives the function that decides and appends one batch and answers everyone in it. A conflict with
 * another process is met by deciding again under the lock of the log's head, so it happens once;
 * commands whose key has an answer already are answered with it and taken out.
 */
export function createCommitBatch(deps: BatcherDeps): (batch: Batch) => Promise<void> {
  const { store, metrics, logger } = deps;
  const cache = createStreamCache(store, deps.aggregates);
  const seconds = metrics.seconds("command_batch_seconds", "Time to decide and append a batch");
  const appended = metrics.counter("commands_appended_total", "Commands answered in the log");
  const retries = metrics.counter("command_batch_retries_total", "Batches tried again", ["why"]);

  async function settle(batch: Batch): Promise<void> {
    let [left, isLocked] = [batch, false];
    for (let tries = 0; left.length > 0; tries += 1) {
      try {
        const attempt = isLocked ? decideLocked : decideOnce;
        const { results, streams } = await attempt(left, cache, deps);
        cache.remember(streams);
        answer(left, results);
        appended.inc(left.length);
        return;
      } catch (error) {
        if (tries === TRIES_MAX) throw error;
        if (error instanceof KeyTakenError) left = await takeRepeatsOut(left, store);
        else if (error instanceof VersionConflictError) isLocked = true;
        else throw error;
        retries.inc({ why: error.code });
      }
    }
  }

  return async (batch) => {
    const end = seconds.startTimer();
    try {
      await settle(batch);
    } catch (err) {
      // Whether it was committed is unknown; the retry with the same key will find out.
      cache.forget(batch.flatMap(({ command }) => command.reads));
      logger.error({ err, commands: batch.length }, "batch failed");
      for (const { reject } of batch) reject(err);
    } finally {
      end();
    }
  };
}

async function decideOnce(
  batch: Batch,
  cache: StreamCache,
  { store, aggregates, tokens }: BatcherDeps,
  session: LogSession = store,
): Promise<Attempt> {
  const commands = batch.map(({ command }) => command);
  const reads = commands.flatMap((command) => command.reads);
  const streams = await cache.load(reads, session);
  const results = decideBatch(commands, streams, aggregates, tokens);
  await session.append(results.flatMap((result) => decisionsOf(result)));
  return { results, streams };
}

async function decideLocked(batch: Batch, cache: StreamCache, deps: BatcherDeps): Promise<Attempt> {
  const reads = batch.flatMap(({ command }) => command.reads);
  const ledgers = [...reads, ...batch.map(({ command }) => command)].map(({ ledger }) => ledger);
  cache.forget(reads);
  return deps.store.locked(ledgers, (session) => decideOnce(batch, cache, deps, session));
}

async function takeRepeatsOut(batch: Batch, store: EventStore): Promise<Waiting[]> {
  const left: Waiting[] = [];
  for (const waiting of batch) {
    const { scope, key } = waiting.command;
    const answer = await store.findAnswer(scope, key);
    if (answer === undefined) left.push(waiting);
    else waiting.resolve({ answer, isOwn: false });
  }
  return left;
}

function answer(batch: Batch, results: readonly Result[]): void {
  for (const [i, result] of results.entries()) {
    if ("fault" in result) batch[i]?.reject(result.fault);
    else batch[i]?.resolve({ answer: result.decision.answer, isOwn: true });
  }
}

function decisionsOf(result: Result): Decision[] {
  return "decision" in result ? [result.decision] : [];
}
