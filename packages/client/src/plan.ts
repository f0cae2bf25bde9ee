import {
  type BankEvent,
  type Catalogue,
  type Envelope,
  EVENTS,
  readEvent,
  UnknownEventError,
} from "@countinghouse/contracts";
import type { AccountProgress } from "./stores/store.ts";

/**
 * Why an account has stopped: events before one are missing; an event is of a type, a version or a
 * shape that this release of the kit does not know; the subscriber refused it; or a record of the
 * topic could not be read at all.
 */
export type StopReason =
  | "gap"
  | "unknown_type"
  | "unknown_version"
  | "wrong_shape"
  | "refused"
  | "unreadable";

/** An account of which nothing is applied any more until it is released. */
export interface StoppedAccount {
  readonly accountId: string;
  readonly ledger: number;
  /** The last version that was applied, 0 for none. */
  readonly version: number;
  /** The version of the event that could not be applied; absent for what could not be read. */
  readonly at?: number;
  readonly reason: StopReason;
  readonly detail: string;
}

/** An event to be handed over: understood, or of an unknown type for who takes those. */
export type Step =
  | { readonly kind: "event"; readonly envelope: Envelope; readonly event: BankEvent }
  | { readonly kind: "unknown"; readonly envelope: Envelope };

/** What a batch of events comes to. */
export interface Plan {
  readonly steps: readonly Step[];
  /** Every account that has moved or stopped. */
  readonly accounts: ReadonlyMap<string, AccountProgress>;
  readonly stopped: readonly StoppedAccount[];
  /** How many events were applied already. */
  readonly repeated: number;
  /** How many events passed an account that has stopped; its release brings them. */
  readonly waiting: number;
}

export interface PlanRules {
  /** By event id, what the subscriber said of events that it refused. */
  readonly refused: ReadonlyMap<string, string>;
  /** Whether events of unknown types are handed over; else they stop their account. */
  readonly takesUnknown: boolean;
  readonly catalogue: Catalogue;
}

/**
 * Decides on each event by the version that its account has: the next one is applied, an older one
 * is a repeat, a later one shows a gap. What cannot be applied stops its account, and only that.
 */
export function planBatch(
  envelopes: readonly Envelope[],
  known: ReadonlyMap<string, AccountProgress>,
  rules: PlanRules,
): Plan {
  const states = new Map(known);
  const accounts = new Map<string, AccountProgress>();
  const [steps, stopped]: [Step[], StoppedAccount[]] = [[], []];
  let [repeated, waiting] = [0, 0];
  for (const envelope of envelopes) {
    const { streamId, version, position } = envelope;
    const { ledger } = envelope.meta;
    const before = states.get(streamId) ?? { ledger, version: 0, position: 0 };
    if (version <= before.version) {
      repeated += 1;
    } else if (before.stopped !== undefined) {
      waiting += 1;
    } else {
      const step = stepOf(envelope, before, rules);
      const isStop = "reason" in step;
      const after = isStop ? { ...before, stopped: step } : { ledger, version, position };
      if (isStop) stopped.push(step);
      else steps.push(step);
      states.set(streamId, after);
      accounts.set(streamId, after);
    }
  }
  return { steps, accounts, stopped, repeated, waiting };
}

function stepOf(
  envelope: Envelope,
  before: AccountProgress,
  { refused, takesUnknown, catalogue }: PlanRules,
): Step | StoppedAccount {
  const stop = (reason: StopReason, detail: string): StoppedAccount => ({
    accountId: envelope.streamId,
    ledger: envelope.meta.ledger,
    version: before.version,
    at: envelope.version,
    reason,
    detail,
  });
  const refusal = refused.get(envelope.eventId);
  if (envelope.version !== before.version + 1) {
    return stop("gap", `version ${before.version + 1} is missing`);
  }
  if (refusal !== undefined) return stop("refused", refusal);
  try {
    return { kind: "event", envelope, event: readEvent(envelope, catalogue) };
  } catch (error) {
    if (!(error instanceof UnknownEventError)) throw error;
    if (takesUnknown && error.reason === "unknown_type") return { kind: "unknown", envelope };
    return stop(error.reason, error.message);
  }
}

/** Whether an event is of an account; one of an unknown type may be. */
export function isOfAccount({ type }: Envelope): boolean {
  const known: Catalogue = EVENTS;
  return !Object.hasOwn(known, type) || known[type]?.stream === "account";
}
