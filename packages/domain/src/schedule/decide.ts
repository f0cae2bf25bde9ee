// Refusals in the order in which they are looked for.
// Scheduling: not_found (either side), date_in_past, same_account, then the payer's account_closed,
// currency_mismatch, then the receiver's.
// Cancelling: not_found. An occurrence is never refused: that its transfer was, is a fact.
import { visible } from "../account/decide.ts";
import type { Account } from "../account/state.ts";
import { accept, type By, type Decision, type Refusal, refuse, type When } from "../decision.ts";
import { type Money, moneyText } from "../money.ts";
import type { Tariff } from "../tariff/state.ts";
import { type TransferFacts, transfer } from "../transfer/index.ts";
import type { Every, ScheduleCancelled, ScheduleEvent, TransferScheduled } from "./events.ts";
import {
  amountOfSchedule,
  evolveSchedule,
  nextOccurrence,
  occurrenceOf,
  type Schedule,
} from "./state.ts";

/** Transfers to come; `count` only with `every`. */
export interface ScheduleTransfer {
  readonly by: By;
  readonly fromAccountId: string;
  readonly toAccountId: string;
  readonly amount: Money;
  readonly reference?: string;
  readonly firstOn: string;
  readonly every?: Every;
  readonly count?: number;
  /** The bank's day when it was asked for. */
  readonly today: string;
}

/** What could never be paid is refused at once; whether there is money is seen on the day. */
export function scheduleTransfer(
  command: ScheduleTransfer,
  from: Account | undefined,
  to: Account | undefined,
): Decision<TransferScheduled> {
  const payer = visible(from, command.by);
  if (payer === undefined || to === undefined) return refuse("not_found");
  const { fromAccountId, toAccountId, amount, firstOn } = command;
  if (firstOn < command.today) return refuse("date_in_past");
  if (fromAccountId === toAccountId) return refuse("same_account");
  const refusal = neverFits(payer, amount) ?? neverFits(to, amount);
  if (refusal !== undefined) return refuse(refusal);
  const { reference, every, count } = command;
  const data = {
    ownerId: payer.ownerId,
    fromAccountId,
    toAccountId,
    amount: moneyText(amount.minor, amount.currency),
    ...(reference !== undefined && { reference }),
    firstOn,
    ...(every !== undefined && { every }),
    ...(count !== undefined && { count }),
  };
  return accept({ type: "TransferScheduled", data });
}

/** A frozen account may be unfrozen by then. */
function neverFits({ status, currency }: Account, amount: Money): Refusal | undefined {
  if (status === "closed") return "account_closed";
  return currency === amount.currency ? undefined : "currency_mismatch";
}

/** Nothing where nothing is left to cancel. */
export function cancelSchedule(
  { by }: { readonly by: By },
  schedule: Schedule | undefined,
): Decision<readonly ScheduleCancelled[]> {
  const isVisible = by.kind === "any" || schedule?.ownerId === by.userId;
  if (schedule === undefined || !isVisible) return refuse("not_found");
  return accept(schedule.status === "active" ? [{ type: "ScheduleCancelled", data: {} }] : []);
}

/** The transfer of a day, with the transaction ids of its legs and its fee. */
export interface MakeOccurrence {
  readonly on: string;
  readonly when: When;
  readonly transferId: string;
  readonly debitId: string;
  readonly creditId: string;
  readonly feeId: string;
}

/** For the schedule's stream, and for those of both accounts where the transfer was made. */
export interface OccurrenceFacts {
  readonly schedule: readonly ScheduleEvent[];
  readonly legs?: TransferFacts;
}

/**
 * Decides on one occurrence. Undefined where it is not the next one: it was made or refused before,
 * or the schedule was cancelled. A refusal of the transfer is a fact of the schedule.
 */
export function makeOccurrence(
  command: MakeOccurrence,
  schedule: Schedule | undefined,
  from: Account | undefined,
  to: Account | undefined,
  tariff?: Tariff,
): OccurrenceFacts | undefined {
  const { on, transferId } = command;
  if (schedule === undefined || nextOccurrence(schedule) !== on) return undefined;
  const { fromAccountId, toAccountId, reference } = schedule;
  const decision = transfer(
    {
      ...command,
      by: { kind: "any" },
      ...{ fromAccountId, toAccountId, amount: amountOfSchedule(schedule) },
      ...(reference !== undefined && { reference }),
    },
    from,
    to,
    tariff,
  );
  const passed: ScheduleEvent =
    decision.kind === "accepted"
      ? { type: "ScheduledTransferMade", data: { on, transferId } }
      : { type: "ScheduledTransferRefused", data: { on, code: decision.code } };
  const { passed: index } = evolveSchedule(schedule, passed);
  const isLast = occurrenceOf(schedule, index) === undefined;
  const finished: ScheduleEvent = { type: "ScheduleFinished", data: {} };
  return {
    schedule: isLast ? [passed, finished] : [passed],
    ...(decision.kind === "accepted" && { legs: decision.facts }),
  };
}
