import type { LogEvent, Place } from "../events/account-event.ts";
import { concernsAccounts, factOf, placeOf, UnreadableEventError } from "../events/decode.ts";
import { type AccountState, type AppliedEvent, applyEvent } from "./account-state.ts";

/** An event that cannot be applied, and why. */
export interface Parking {
  readonly place: Place;
  readonly reason: string;
}

/** An account of which events before `place` are missing. */
export interface Gap {
  readonly place: Place;
  /** The version of the first event that is missing. */
  readonly next: number;
  /** The position of the last event applied, 0 for none. */
  readonly after: number;
}

/** What a batch of events comes to. */
export interface Plan {
  readonly applied: readonly AppliedEvent[];
  readonly parked: readonly Parking[];
  readonly gaps: readonly Gap[];
  /** How many events were there already. */
  readonly repeated: number;
  /** How many events wait because their account is parked. */
  readonly waiting: number;
}

/**
 * Decides, event by event, by the version that its account has: the next one is applied, an older
 * one is a repeat, a later one shows a gap. What cannot be applied parks its account from there on.
 */
export function planBatch(
  envelopes: readonly LogEvent[],
  accounts: Pick<ReadonlyMap<string, AccountState>, "get">,
  alreadyParked: ReadonlySet<string>,
): Plan {
  const states = new Map<string, AccountState>();
  const stopped = new Set(alreadyParked);
  const [applied, parked, gaps]: [AppliedEvent[], Parking[], Gap[]] = [[], [], []];
  let [repeated, waiting] = [0, 0];
  for (const envelope of envelopes) {
    if (!concernsAccounts(envelope)) continue;
    const place = placeOf(envelope);
    const before = states.get(place.accountId) ?? accounts.get(place.accountId);
    const next = (before?.version ?? 0) + 1;
    if (place.version < next) {
      repeated += 1;
    } else if (stopped.has(place.accountId)) {
      waiting += 1;
    } else if (place.version > next) {
      gaps.push({ place, next, after: before?.position ?? 0 });
      stopped.add(place.accountId);
    } else {
      const outcome = tryEvent(before, envelope, place);
      if ("reason" in outcome) {
        parked.push(outcome);
        stopped.add(place.accountId);
      } else {
        applied.push(outcome);
        states.set(place.accountId, outcome.after);
      }
    }
  }
  return { applied, parked, gaps, repeated, waiting };
}

function tryEvent(
  before: AccountState | undefined,
  envelope: LogEvent,
  place: Place,
): AppliedEvent | Parking {
  try {
    const event = { ...place, fact: factOf(envelope) };
    return { ...event, after: applyEvent(before, event) };
  } catch (error) {
    if (error instanceof UnreadableEventError) return { place, reason: error.message };
    throw error;
  }
}
