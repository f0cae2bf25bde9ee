import { type ProblemCode, problemDocument } from "@countinghouse/contracts";
import type { Decision, StreamChange } from "@countinghouse/event-store";
import {
  type AccountVersion,
  type ConsistencyTokens,
  type EventRange,
  TOKEN_ACCOUNTS_MAX,
} from "@countinghouse/service-kit";
import { type Aggregates, NO_STREAM, type Stream } from "./aggregates.ts";
import { type Command, keyOf, type Outcome, type Read } from "./command.ts";

/** A command of a batch with what it came to; `fault` when its decision threw, which is a bug. */
export type Result =
  | {
      readonly command: Command;
      readonly decision: Decision;
      /** The code of a refusal. */
      readonly refused: ProblemCode | undefined;
    }
  | { readonly command: Command; readonly fault: unknown };

export type Decided = Extract<Result, { decision: Decision }>;

/** What decisions are made on, and what they leave. */
export interface Ground {
  /** The baseline on the way in, the outcome on the way out. */
  readonly streams: Map<string, Stream>;
  /** Under the lock: the last position of each ledger, moved on by every decision. */
  readonly heads: Map<number, number> | undefined;
  readonly aggregates: Aggregates;
  readonly tokens: ConsistencyTokens;
}

/** Whether the token of a command has to name its events: it can only be decided under the lock. */
export function needsHeads({ reads }: Command): boolean {
  return reads.filter(({ category }) => category === "account").length > TOKEN_ACCOUNTS_MAX;
}

/**
 * Decides commands one after another, each on what the ones before it left, and gives the decisions
 * to append.
 */
export function decideBatch(commands: readonly Command[], ground: Ground): Result[] {
  return commands.map((command) => {
    try {
      return { command, ...decideOne(command, ground) };
    } catch (fault) {
      return { command, fault };
    }
  });
}

function decideOne(command: Command, ground: Ground): Omit<Decided, "command"> {
  const { streams, aggregates, tokens } = ground;
  const { ledger, reads, scope, key, request, cause } = command;
  const view = reads.map((read) => streams.get(keyOf(read)) ?? NO_STREAM);
  const outcome = command.decide(view);
  const changes = changesOf(command, outcome, view, aggregates);
  const after = new Map(changes.map((change) => [keyOf(change), change.after]));
  const now = reads.map((read, i) => after.get(keyOf(read)) ?? view[i] ?? NO_STREAM);
  // A token can be read: of what is not there for this caller it says nothing.
  const isAbsent = outcome.kind === "refused" && outcome.code === "not_found";
  const ranges = rangesOf(changes, ground.heads);
  const token = needsHeads(command)
    ? tokens.mintRanges(ranges)
    : tokens.mint(isAbsent ? [] : versionsOf(command, now));
  const { status, response } = answerOf(outcome, cause.correlationId);
  const seen = reads.map((read, i) => ({ ...read, version: view[i]?.version ?? 0 }));
  // Last, so that a command that threw has left nothing that the next would build on.
  for (const [key, stream] of after) streams.set(key, stream);
  for (const { ledger: at, first, count } of ranges) ground.heads?.set(at, first + count - 1);
  const answer = { scope, key, request, status, response, token };
  return {
    decision: { ledger, reads: seen, changes, cause, answer },
    refused: outcome.kind === "refused" ? outcome.code : undefined,
  };
}

type Change = Read & StreamChange & { readonly after: Stream };

function changesOf(
  { reads }: Command,
  outcome: Outcome,
  view: readonly Stream[],
  aggregates: Aggregates,
): Change[] {
  if (outcome.kind === "refused") return [];
  return [...outcome.events].map(([index, events]) => {
    const read = reads[index];
    const before = view[index];
    if (read === undefined || before === undefined) throw new RangeError("events of no stream");
    const { evolve, toJson, schema } = aggregates[read.category];
    const state = events.reduce(evolve, before.state);
    const after = { version: before.version + events.length, state };
    const stored = { state: toJson(state), stateSchema: schema };
    return { ...read, expectedVersion: before.version, events, ...stored, after };
  });
}

/** Where the events of changes will stand, ledger by ledger, when the heads are locked. */
function rangesOf(
  changes: readonly Change[],
  heads: ReadonlyMap<number, number> | undefined,
): EventRange[] {
  const counts = new Map<number, number>();
  for (const { ledger, events } of heads === undefined ? [] : changes) {
    counts.set(ledger, (counts.get(ledger) ?? 0) + events.length);
  }
  return [...counts].map(([ledger, count]) => {
    return { ledger, first: (heads?.get(ledger) ?? 0) + 1, count };
  });
}

function versionsOf({ reads }: Command, now: readonly Stream[]): AccountVersion[] {
  return reads
    .map(({ category, streamId }, i) => {
      return { category, accountId: streamId, version: now[i]?.version ?? 0 };
    })
    .filter(({ category, version }) => category === "account" && version > 0);
}

function answerOf(outcome: Outcome, requestId: string): { status: number; response: string } {
  if (outcome.kind === "accepted") {
    return { status: outcome.status, response: JSON.stringify(outcome.body) };
  }
  const document = problemDocument(outcome.code, requestId, undefined, outcome.limit);
  return { status: document.status, response: JSON.stringify(document) };
}
