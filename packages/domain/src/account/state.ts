import type { Adjustment, AdjustmentEvent } from "../adjustment/events.ts";
import { type Cards, evolveCards } from "../card/state.ts";
import { type Open, withOpen, withoutOpen } from "../four-eyes.ts";
import type { HoldEvent, HoldExpired } from "../hold/events.ts";
import {
  evolveHolds,
  type Holds,
  heldBy,
  holdsFromJson,
  holdsToJson,
  isOver,
} from "../hold/state.ts";
import { type Interest, interestAfter } from "../interest/state.ts";
import type { Channel, Limits, LimitsEvent } from "../limits/events.ts";
import { evolveUsedByHold, spend, type Used, usedFromJson, usedToJson } from "../limits/state.ts";
import { minorUnits, moneyText } from "../money.ts";
import type { AccountEvent, AccountType, MoneyWithdrawn, TransferSent } from "./events.ts";

/** What decisions need to know of an account. */
export interface Account {
  readonly ownerId: string;
  readonly accountType: AccountType;
  readonly currency: string;
  readonly status: "open" | "frozen" | "closed";
  /** In minor units of the currency. */
  readonly balance: bigint;
  /** Active holds; most accounts have none, and nothing of the kind in their state. */
  readonly holds?: NonNullable<Holds>;
  readonly limits?: Limits;
  /** What has gone out, to be held against limits, be there any yet or not. */
  readonly used?: Used;
  readonly proposals?: NonNullable<Open<Proposal>>;
  readonly cards?: NonNullable<Cards>;
  /** The versions of postings that were corrected, each of which is once. */
  readonly corrected?: readonly number[];
  /** Of savings, since they bore interest for the first time. */
  readonly interest?: Interest;
}

/** What may be proposed for an account. */
export type Proposal = { readonly limits: Limits } | { readonly adjustment: Adjustment };

/** The version of the stored form of an account's state. */
export const ACCOUNT_STATE_SCHEMA = 3;

const UNOPENED: Account = {
  ownerId: "",
  accountType: "checking",
  currency: "",
  status: "closed",
  balance: 0n,
};

/** The account after an event. Records what happened, judges nothing. */
export function evolveAccount(state: Account | undefined, event: AccountEvent): Account {
  const account = state ?? UNOPENED;
  switch (event.type) {
    case "AccountOpened": {
      const { ownerId, accountType, currency } = event.data;
      return { ownerId, accountType, currency, status: "open", balance: 0n };
    }
    case "MoneyWithdrawn":
      return spent(account, "withdrawal", event);
    case "TransferSent":
      return spent(account, "transfer", event);
    case "MoneyDeposited":
    case "TransferReceived":
    case "ReversalSent":
    case "ReversalReceived":
    case "CaptureReceived":
    case "FeeCharged":
    case "InterestPosted":
      return { ...account, balance: minorUnits(event.data.balanceAfter) };
    case "MoneyAdjusted": {
      const corrected = [...(account.corrected ?? []), event.data.corrects.version];
      return { ...account, balance: minorUnits(event.data.balanceAfter), corrected };
    }
    case "HoldCaptured": {
      const balance = minorUnits(event.data.balanceAfter);
      return { ...withHolds(account, event), balance };
    }
    case "HoldPlaced":
    case "HoldReleased":
    case "HoldExpired":
      return withHolds(account, event);
    case "LimitsProposed":
    case "LimitsApproved":
    case "LimitsRejected":
    case "AdjustmentProposed":
    case "AdjustmentApproved":
    case "AdjustmentRejected":
      return withProposals(account, event);
    case "CardRegistered":
    case "CardActivated":
    case "CardFrozen":
    case "CardUnfrozen":
    case "CardCancelled":
      return put(account, "cards", evolveCards(account.cards, event));
    case "InterestAccrued":
      return { ...account, interest: interestAfter(event) };
    case "AccountFrozen":
      return { ...account, status: "frozen" };
    case "AccountUnfrozen":
      return { ...account, status: "open" };
    case "AccountClosed":
      return { ...account, status: "closed" };
  }
}

function spent(
  account: Account,
  channel: Channel,
  { data }: MoneyWithdrawn | TransferSent,
): Account {
  const balance = minorUnits(data.balanceAfter);
  if (data.day === undefined) return { ...account, balance };
  return {
    ...account,
    balance,
    used: spend(account.used, channel, data.day, minorUnits(data.amount)),
  };
}

function withHolds(account: Account, event: HoldEvent): Account {
  const used = evolveUsedByHold(account.used, account.holds, event);
  const after = used === undefined ? account : { ...account, used };
  return put(after, "holds", evolveHolds(account.holds, event));
}

type ProposalEvent = LimitsEvent | Exclude<AdjustmentEvent, { type: "MoneyAdjusted" }>;

function withProposals(account: Account, event: ProposalEvent): Account {
  const isNew = event.type === "LimitsProposed" || event.type === "AdjustmentProposed";
  const after = isNew
    ? withOpen<Proposal>(account.proposals, event.data)
    : withoutOpen(account.proposals, event.data.proposalId);
  const next = put(account, "proposals", after);
  if (event.type !== "LimitsApproved") return next;
  const { limits } = event.data;
  return put(next, "limits", Object.keys(limits).length === 0 ? undefined : limits);
}

/** Sets a member, or takes it out: what is not there is in no state and in no JSON. */
function put<Name extends "holds" | "limits" | "proposals" | "cards">(
  account: Account,
  name: Name,
  value: Account[Name] | undefined,
): Account {
  if (value !== undefined) return { ...account, [name]: value };
  const { [name]: _, ...others } = account;
  return others as Account;
}

/** An account at a moment, and the events that take out of it the holds that are over by then. */
export function settled(
  account: Account,
  now: string,
): { readonly account: Account; readonly expired: readonly HoldExpired[] } {
  if (account.holds === undefined) return { account, expired: NONE };
  const expired: HoldExpired[] = [];
  let after = account;
  for (const [holdId, hold] of Object.entries(account.holds)) {
    if (hold.expiresAt === undefined || !isOver(hold, now)) continue;
    const { currency } = account;
    const data = {
      holdId,
      freed: moneyText(hold.remaining, currency),
      heldAfter: moneyText(heldBy(after.holds) - hold.remaining, currency),
      placedOn: hold.placedOn,
      expiredAt: hold.expiresAt,
    };
    const event = { type: "HoldExpired", data } as const;
    expired.push(event);
    after = withHolds(after, event);
  }
  return { account: after, expired };
}

const NONE: readonly HoldExpired[] = [];

/** The fold of an account's events from the first. */
export function foldAccount(events: readonly AccountEvent[]): Account | undefined {
  return events.reduce<Account | undefined>(evolveAccount, undefined);
}

/** The state as JSON can hold it. */
export function accountToJson(state: Account): Record<string, unknown> {
  const json: Record<string, unknown> = { ...state, balance: String(state.balance) };
  if (state.used !== undefined) json.used = usedToJson(state.used);
  if (state.holds !== undefined) json.holds = holdsToJson(state.holds);
  return json;
}

/** The state that accountToJson wrote in this schema version. */
export function accountFromJson(json: Readonly<Record<string, unknown>>): Account {
  const { balance, used, holds, ...rest } = json as unknown as Account & JsonParts;
  return {
    ...rest,
    balance: BigInt(balance as unknown as string),
    ...(used !== undefined && { used: usedFromJson(used) }),
    ...(holds !== undefined && { holds: holdsFromJson(holds) }),
  };
}

interface JsonParts {
  readonly used?: Readonly<Record<string, unknown>>;
  readonly holds?: Readonly<Record<string, unknown>>;
}
