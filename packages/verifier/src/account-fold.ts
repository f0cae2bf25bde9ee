import {
  type Account,
  type Catalogue,
  type Envelope,
  EVENTS,
  UnknownEventError,
  upcast,
} from "@countinghouse/contracts";
import {
  type AccountEvent,
  type Account as AccountState,
  available,
  evolveAccount,
  heldBy,
  type MoneyText,
  moneyText,
} from "@countinghouse/domain";

/** The events of a stream do not make an account; `reason` says why. */
export class UnfoldableError extends Error {
  readonly code = "unfoldable";
  readonly retryable = false;
  override readonly name = "UnfoldableError";
}

/** An account as it grows out of its events, one after another. */
export interface AccountFold {
  /**
   * Takes the next event of the stream. Throws an UnfoldableError for one that does not follow:
   * another version, a first event that opens nothing, a type that is not known here.
   */
  apply(event: Envelope): void;
  /** The version of the last event, 0 before the first. */
  readonly version: number;
  /** In minor units; zero before the first event. */
  readonly balance: bigint;
  readonly currency: string;
  /** All that is held, in minor units. */
  readonly held: bigint;
  /**
   * The account as the read side shows it; undefined before the first event. At a moment, RFC 3339
   * in UTC with milliseconds, holds that are over by then set nothing aside any more.
   */
  account(now?: string): Account | undefined;
  /** Whether so much was available at some time after the last event, as holds came to be over. */
  wasAvailable(money: MoneyText): boolean;
}

/** The fold of one account's stream by the very rules that commands are decided on. */
export function createAccountFold(): AccountFold {
  let state: AccountState | undefined;
  let opening: Envelope | undefined;
  let last: Envelope | undefined;
  return {
    apply(event) {
      const expected = (last?.version ?? 0) + 1;
      if (event.version !== expected) {
        throw new UnfoldableError(`version ${event.version} came instead of ${expected}`);
      }
      if ((event.type === "AccountOpened") !== (expected === 1)) {
        throw new UnfoldableError(`a ${event.type} came as version ${expected}`);
      }
      state = evolveAccount(state, known(event));
      opening ??= event;
      last = event;
    },
    get version() {
      return last?.version ?? 0;
    },
    get balance() {
      return state?.balance ?? 0n;
    },
    get currency() {
      return state?.currency ?? "";
    },
    get held() {
      return state === undefined ? 0n : heldBy(state.holds);
    },
    account(now) {
      if (state === undefined || opening === undefined || last === undefined) return undefined;
      return shown(state, opening, last, now);
    },
    wasAvailable({ value }) {
      if (state === undefined) return false;
      const { holds = {}, currency } = state;
      const ends = Object.values(holds).map(({ expiresAt }) => expiresAt);
      const found = [undefined, ...ends].map((end) => available(state as AccountState, end));
      return found.some((minor) => moneyText(minor, currency).value === value);
    },
  };
}

/** Whether an event is one of an account's stream. */
export function concernsAccount({ type }: Envelope): boolean {
  const catalogue: Catalogue = EVENTS;
  return Object.hasOwn(catalogue, type) && catalogue[type]?.stream === "account";
}

function known(event: Envelope): AccountEvent {
  if (!concernsAccount(event)) throw new UnfoldableError(`unknown event type ${event.type}`);
  try {
    return upcast(event) as unknown as AccountEvent;
  } catch (cause) {
    if (cause instanceof UnknownEventError) throw new UnfoldableError(cause.message, { cause });
    throw cause;
  }
}

/** The name is no part of what decisions need, so it comes from the opening. */
function shown(
  state: AccountState,
  opening: Envelope,
  last: Envelope,
  now: string | undefined,
): Account {
  const { ownerId, accountType: type, currency, status } = state;
  const { name = null } = opening.data as { name?: string };
  const balance = moneyText(state.balance, currency);
  const free = moneyText(available(state, now), currency);
  return {
    ...{ accountId: opening.streamId, ownerId, type, name, currency, status },
    ...{ balance, available: free, version: last.version },
    ...{ openedAt: opening.recordedAt, updatedAt: last.recordedAt },
  };
}
