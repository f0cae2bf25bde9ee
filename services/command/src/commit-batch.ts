import { wireCode } from "@countinghouse/contracts";
import {
  type AnswerKey,
  DeadlockError,
  type Decision,
  type EventStore,
  KeyTakenError,
  VersionConflictError,
} from "@countinghouse/event-store";
import { isDatabaseAway, ProblemError } from "@countinghouse/service-kit";
import type { Stream } from "./aggregates.ts";
import type { Batch, BatcherDeps, Waiting } from "./batcher.ts";
import type { Read } from "./command.ts";
import { type Decided, decideBatch, needsHeads, type Result } from "./decide-batch.ts";
import { type Attempt, createDraft, type Draft } from "./draft.ts";
import { createStreamCache, type StreamCache } from "./stream-cache.ts";

/** How often a batch is tried as it is; one that repeats were taken out of is a shorter one. */
const TRIES_MAX = 6;
const RETRY_AFTER_SECONDS = 1;

/** Tells everyone whose command is in the log what became of it; the others know already. */
export type Answer = () => void;

/** A batch on its way into the log. */
export interface Underway {
  readonly appended: Promise<Answer>;
  /** For the commands of the next batch. */
  readonly next: Draft;
}

/**
 * Gives the function that decides and appends one batch, by its draft where that holds. A conflict
 * with another process is met by deciding again under the lock of the log's head, so it happens
 * once; as long as what the lock shows has moved, the next batch takes the lock at once. Commands
 * whose key has an answer already are answered with it and taken out. A batch that the log cannot
 * take is halved until the commands that are to blame stand alone.
 */
export function createCommitBatch(
  deps: BatcherDeps,
): (batch: Batch, draft: Draft | undefined) => Underway {
  const { store, metrics, logger } = deps;
  const cache = createStreamCache(deps.aggregates);
  const underLock = createUnderLock(cache, deps);
  const { seconds, retries, count } = metersOf(metrics);

  async function settle(batch: Batch, draft: Draft | undefined, next: Draft): Promise<Answer> {
    let isLocked = underLock.isBetter(batch) || batch.some(({ command }) => needsHeads(command));
    let [left, tries] = [batch, 0];
    while (left.length > 0) {
      tries += 1;
      try {
        const { results, streams } = isLocked
          ? await underLock.decide(left)
          : await decideOnce(left, tries === 1 ? draft : undefined, next);
        cache.remember(streams);
        const answered = left;
        return () => count(answer(answered, results));
      } catch (error) {
        next.drop();
        if (!isMetAgain(error)) throw error;
        if (tries === TRIES_MAX) throw tooOften(error);
        if (error instanceof VersionConflictError) {
          isLocked = true;
        } else if (error instanceof KeyTakenError) {
          const others = await takeRepeatsOut(left, store);
          // While many send the same at several instances, new repeats come up with every try.
          if (others.length < left.length) tries = 0;
          left = others;
        }
        retries.inc({ why: error.code });
      }
    }
    return () => {};
  }

  async function decideOnce(batch: Batch, draft: Draft | undefined, next: Draft): Promise<Attempt> {
    const attempt =
      draft?.take(batch.length) ?? decide(batch, await cache.load(readsOf(batch), store), deps);
    next.standOn(attempt.streams);
    await store.append(attempt.results.flatMap(decisionsOf));
    return attempt;
  }

  async function commit(batch: Batch, draft: Draft | undefined, next: Draft): Promise<Answer> {
    try {
      return await settle(batch, draft, next);
    } catch (err) {
      // Whether it was committed is unknown; the retry with the same key will find out.
      cache.forget(readsOf(batch));
      logger.error({ err, commands: batch.length }, "batch failed");
      if (batch.length === 1 || isAway(err)) for (const { reject } of batch) reject(err);
      else for (const half of halves(batch)) (await commit(half, undefined, next))();
      return () => {};
    }
  }

  return (batch, draft) => {
    const end = seconds.startTimer();
    const next = createDraft(cache, deps);
    return { appended: commit(batch, draft, next).finally(end), next };
  };
}

/** Deciding under the lock, and whether a batch had better begin with it. */
function createUnderLock(cache: StreamCache, deps: BatcherDeps) {
  /** Ledgers where another process wrote what this one's last batch there was about. */
  const contended = new Set<number>();
  return {
    isBetter: (batch: Batch) => batch.some(({ command }) => contended.has(command.ledger)),
    async decide(batch: Batch): Promise<Attempt> {
      const { hasMoved, ...attempt } = await decideLocked(batch, cache, deps);
      for (const { command } of batch) {
        if (hasMoved) contended.add(command.ledger);
        else contended.delete(command.ledger);
      }
      return attempt;
    },
  };
}

function metersOf(metrics: BatcherDeps["metrics"]) {
  const appended = metrics.counter("commands_appended_total", "Commands answered in the log");
  const refusals = metrics.counter("command_refusals_total", "Commands refused by a rule", [
    "code",
  ]);
  return {
    seconds: metrics.seconds("command_batch_seconds", "Time to decide and append a batch"),
    retries: metrics.counter("command_batch_retries_total", "Batches tried again", ["why"]),
    count(decided: readonly Decided[]): void {
      appended.inc(decided.length);
      for (const { refused } of decided) if (refused) refusals.inc({ code: wireCode(refused) });
    },
  };
}

/** Whether to decide again, each time on what is there by then. */
function isMetAgain(error: unknown): error is Error & { readonly code: string } {
  const kinds = [VersionConflictError, KeyTakenError, DeadlockError];
  return kinds.some((Kind) => error instanceof Kind);
}

function tooOften(cause: unknown): ProblemError {
  return new ProblemError("unavailable", { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

/** Whether the failure is no single command's fault. */
function isAway(error: unknown): boolean {
  return error instanceof ProblemError || isDatabaseAway(error);
}

function halves(batch: Batch): Batch[] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}

function decide(
  batch: Batch,
  streams: Map<string, Stream>,
  { aggregates, tokens }: BatcherDeps,
  heads?: ReadonlyMap<number, number>,
): Attempt {
  const commands = batch.map(({ command }) => command);
  const ground = { streams, heads: heads && new Map(heads), aggregates, tokens };
  return { results: decideBatch(commands, ground), streams };
}

/** An attempt under the lock, and whether a stream had moved since this process last saw it. */
async function decideLocked(
  batch: Batch,
  cache: StreamCache,
  deps: BatcherDeps,
): Promise<Attempt & { hasMoved: boolean }> {
  const reads = readsOf(batch);
  const ledgers = [...reads, ...batch.map(({ command }) => command)].map(({ ledger }) => ledger);
  return deps.store.locked(ledgers, async (session) => {
    const { streams, hasMoved } = await cache.reload(reads, session);
    const attempt = decide(batch, streams, deps, session.heads);
    await session.append(attempt.results.flatMap(decisionsOf));
    return { ...attempt, hasMoved };
  });
}

function readsOf(batch: Batch): Read[] {
  return batch.flatMap(({ command }) => command.reads);
}

async function takeRepeatsOut(batch: Batch, store: EventStore): Promise<Waiting[]> {
  const found = await store.findAnswers(batch.map(({ command }) => command));
  const answers = new Map(found.map((answer) => [flightOf(answer), answer]));
  return batch.filter(({ command, resolve }) => {
    const answer = answers.get(flightOf(command));
    if (answer !== undefined) resolve({ answer, isOwn: false });
    return answer === undefined;
  });
}

function flightOf({ scope, key }: AnswerKey): string {
  return JSON.stringify([scope, key]);
}

/** Gives everyone their answer; and those that are in the log. */
function answer(batch: Batch, results: readonly Result[]): Decided[] {
  for (const [i, result] of results.entries()) {
    if ("fault" in result) batch[i]?.reject(result.fault);
    else batch[i]?.resolve({ answer: result.decision.answer, isOwn: true });
  }
  return results.filter((result) => "decision" in result);
}

function decisionsOf(result: Result): Decision[] {
  return "decision" in result ? [result.decision] : [];
}
