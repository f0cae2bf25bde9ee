// These names are the storage format of the log: add, never rename.
import type { Refusal } from "../decision.ts";
import type { MoneyText } from "../money.ts";

export type Every = "day" | "week" | "month";

/** The first event of a schedule's own stream. Days are those of the bank, RFC 3339 full-date. */
export interface TransferScheduled {
  readonly type: "TransferScheduled";
  readonly data: {
    /** Whose money it is: the owner of the account that pays. */
    readonly ownerId: string;
    readonly fromAccountId: string;
    readonly toAccountId: string;
    readonly amount: MoneyText;
    readonly reference?: string;
    readonly firstOn: string;
    /** Absent: once. */
    readonly every?: Every;
    /** How often in all; absent with `every`, until it is cancelled. */
    readonly count?: number;
  };
}

/** The transfer of a day was made: its legs are in the streams of both accounts. */
export interface ScheduledTransferMade {
  readonly type: "ScheduledTransferMade";
  readonly data: { readonly on: string; readonly transferId: string };
}

/** The transfer of a day was refused, and will not be tried again. */
export interface ScheduledTransferRefused {
  readonly type: "ScheduledTransferRefused";
  readonly data: { readonly on: string; readonly code: Refusal };
}

/** Every transfer of the schedule was made or refused. */
export interface ScheduleFinished {
  readonly type: "ScheduleFinished";
  readonly data: Readonly<Record<string, never>>;
}

export interface ScheduleCancelled {
  readonly type: "ScheduleCancelled";
  readonly data: Readonly<Record<string, never>>;
}

export type ScheduleEvent =
  | TransferScheduled
  | ScheduledTransferMade
  | ScheduledTransferRefused
  | ScheduleFinished
  | ScheduleCancelled;
