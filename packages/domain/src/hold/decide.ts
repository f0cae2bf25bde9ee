// Refusals in the order in which they are looked for.
// Placing: not_found, account_closed, account_frozen, currency_mismatch, date_in_past,
// too_many_holds, insufficient_funds, limit_exceeded.
// Capturing: not_found, hold_not_active, currency_mismatch, amount_exceeds_hold, then of the
// receiver not_found, same_account, account_closed, currency_mismatch, limit_exceeded.
// Releasing: not_found, hold_not_active.
import { refusesCredit, refusesDebit, visible } from "../account/decide.ts";
import { type Account, settled } from "../account/state.ts";
import { accept, type By, type Decision, refuse, type When } from "../decision.ts";
import { dayToCount, refusesSpending } from "../limits/check.ts";
import { type Money, type MoneyText, moneyText } from "../money.ts";
import type {
  CaptureReceived,
  HoldCaptured,
  HoldEvent,
  HoldPlaced,
  HoldReleased,
} from "./events.ts";
import { type Hold, heldBy, isOver } from "./state.ts";

/** How many active holds an account may have: its state is written anew with every event. */
export const HOLDS_MAX = 500;

/** Money to set aside; the amount is above zero. */
export interface PlaceHold {
  readonly by: By;
  readonly when: When;
  readonly holdId: string;
  readonly amount: Money;
  /** RFC 3339 in UTC with milliseconds. */
  readonly expiresAt?: string;
  readonly reference?: string;
  readonly card?: { readonly cardId: string; readonly merchant: string };
}

/** Holds that are over by then make room and free their money first. */
export function placeHold(
  command: PlaceHold,
  state: Account | undefined,
): Decision<readonly HoldEvent[]> {
  const found = visible(state, command.by);
  if (found === undefined) return refuse("not_found");
  const { when, holdId, amount, expiresAt, reference, card } = command;
  const { account, expired } = settled(found, when.now);
  const refusal = refusesDebit(account, amount);
  if (refusal !== undefined && refusal !== "insufficient_funds") return refuse(refusal);
  if (expiresAt !== undefined && expiresAt <= when.now) return refuse("date_in_past");
  if (Object.keys(account.holds ?? {}).length >= HOLDS_MAX) return refuse("too_many_holds");
  if (refusal !== undefined) return refuse(refusal);
  const spending = { channel: card === undefined ? "withdrawal" : "card", amount, when } as const;
  const hit = refusesSpending(account, spending);
  if (hit !== undefined) return hit;
  const placed: HoldPlaced = {
    type: "HoldPlaced",
    data: {
      holdId,
      amount: moneyText(amount.minor, amount.currency),
      heldAfter: moneyText(heldBy(account.holds) + amount.minor, amount.currency),
      day: dayToCount(account.used, when.day),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(reference !== undefined && { reference }),
      ...card,
    },
  };
  return accept([...expired, placed]);
}

/** A payment out of a hold. `placed` is the event by which the hold was made. */
export interface CaptureHold {
  readonly by: By;
  readonly when: When;
  readonly placed: HoldPlaced["data"];
  readonly accountId: string;
  readonly transactionId: string;
  /** Absent: all that is left. */
  readonly amount?: Money;
  /** Whether what is left after it is free again. */
  readonly isFinal: boolean;
  /** Absent: out of the bank. `creditId` is the receiver's transaction. */
  readonly to?: {
    readonly accountId: string;
    readonly transferId: string;
    readonly creditId: string;
  };
}

export interface CaptureFacts {
  readonly captured: HoldCaptured;
  /** For the receiver's stream. */
  readonly received?: CaptureReceived;
}

/** A frozen account pays all the same what it had promised before; limits do not count it again. */
export function captureHold(
  command: CaptureHold,
  state: Account | undefined,
  receiver: Account | undefined,
): Decision<CaptureFacts> {
  const account = visible(state, command.by);
  if (account === undefined) return refuse("not_found");
  const { placed, when, amount: asked, to } = command;
  const hold = activeHold(account, placed.holdId, when.now);
  if (hold === undefined) return refuse("hold_not_active");
  const { currency } = account;
  const amount = asked ?? { minor: hold.remaining, currency };
  if (amount.currency !== currency) return refuse("currency_mismatch");
  if (amount.minor > hold.remaining) return refuse("amount_exceeds_hold");
  if (to === undefined) return accept({ captured: captured(command, account, hold, amount) });
  if (receiver === undefined) return refuse("not_found");
  if (to.accountId === command.accountId) return refuse("same_account");
  const refusal = refusesCredit(receiver, amount);
  if (refusal !== undefined) return refuse(refusal);
  return accept({
    captured: captured(command, account, hold, amount),
    received: received(command, to, receiver, amount),
  });
}

function captured(
  { placed, transactionId, isFinal, to }: CaptureHold,
  account: Account,
  hold: Hold,
  { minor, currency }: Money,
): HoldCaptured {
  const rest = hold.remaining - minor;
  const freed = isFinal ? rest : 0n;
  const text = (value: bigint) => moneyText(value, currency);
  return {
    type: "HoldCaptured",
    data: {
      ...{ holdId: placed.holdId, transactionId, direction: "debit", amount: text(minor) },
      balanceAfter: text(account.balance - minor),
      captured: text(hold.captured + minor),
      remaining: text(rest - freed),
      freed: text(freed),
      heldAfter: text(heldBy(account.holds) - minor - freed),
      placedOn: hold.placedOn,
      ...(to && { transferId: to.transferId, counterpartyAccountId: to.accountId }),
      ...referenceOf(placed),
    },
  };
}

function received(
  { placed, accountId }: CaptureHold,
  { creditId, transferId }: NonNullable<CaptureHold["to"]>,
  receiver: Account,
  { minor, currency }: Money,
): CaptureReceived {
  return {
    type: "CaptureReceived",
    data: {
      ...{ transactionId: creditId, holdId: placed.holdId, transferId, direction: "credit" },
      amount: moneyText(minor, currency),
      balanceAfter: moneyText(receiver.balance + minor, currency),
      counterpartyAccountId: accountId,
      ...referenceOf(placed),
    },
  };
}

/** What a customer reads of a hold: what was written, or whom the card paid. */
export function referenceOf({ reference, merchant }: HoldPlaced["data"]): { reference?: string } {
  const text = reference ?? merchant;
  return text === undefined ? {} : { reference: text };
}

/** The account's holder may take back what was set aside, frozen or not. */
export function releaseHold(
  { by, when, holdId }: { by: By; when: When; holdId: string },
  state: Account | undefined,
): Decision<HoldReleased> {
  const account = visible(state, by);
  if (account === undefined) return refuse("not_found");
  const hold = activeHold(account, holdId, when.now);
  if (hold === undefined) return refuse("hold_not_active");
  const { remaining, placedOn } = hold;
  const text = (value: bigint): MoneyText => moneyText(value, account.currency);
  const heldAfter = text(heldBy(account.holds) - remaining);
  const data = { holdId, freed: text(remaining), heldAfter, placedOn };
  return accept({ type: "HoldReleased", data });
}

/** Says in the log that holds are over which are; nothing where none is. */
export function expireHolds(
  { when }: { when: When },
  state: Account | undefined,
): Decision<readonly HoldEvent[]> {
  return accept(state === undefined ? [] : settled(state, when.now).expired);
}

function activeHold({ holds }: Account, holdId: string, now: string): Hold | undefined {
  const hold = holds !== undefined && Object.hasOwn(holds, holdId) ? holds[holdId] : undefined;
  return hold === undefined || isOver(hold, now) ? undefined : hold;
}
