import type { Static, TObject } from "typebox";
import type { Envelope } from "../schemas/envelope.ts";
import * as schemas from "./schemas.ts";

/** The data of an event of one version as the data of the next. Pure, and never throws. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

/** One event type: in which streams it is, and every version of its data, from the first. */
export interface EventSpec {
  /** Events of account streams are in the topic of account events; the others in the log alone. */
  readonly stream: "account" | "transfer" | "schedule" | "tariff";
  readonly summary: string;
  readonly versions: readonly [TObject, ...TObject[]];
  /** From version 1 to 2, from 2 to 3 and so on: one fewer than versions. */
  readonly upcasters: readonly Upcaster[];
}

export type Catalogue = Readonly<Record<string, EventSpec>>;

/** Every event type of the log. These names are its storage format: add, never rename. */
export const EVENTS = {
  AccountOpened: {
    stream: "account",
    summary: "An account was opened; the first event of its stream.",
    versions: [schemas.AccountOpenedV1],
    upcasters: [],
  },
  MoneyDeposited: {
    stream: "account",
    summary: "Money came in from outside of the bank.",
    versions: [schemas.MoneyDepositedV1],
    upcasters: [],
  },
  MoneyWithdrawn: {
    stream: "account",
    summary: "Money left the bank.",
    versions: [schemas.MoneyWithdrawnV1],
    upcasters: [],
  },
  TransferSent: {
    stream: "account",
    summary: "The payer's leg of a transfer.",
    versions: [schemas.TransferSentV1],
    upcasters: [],
  },
  TransferReceived: {
    stream: "account",
    summary: "The receiver's leg of a transfer.",
    versions: [schemas.TransferReceivedV1],
    upcasters: [],
  },
  ReversalSent: {
    stream: "account",
    summary: "An account paid back what a transfer had brought it.",
    versions: [schemas.ReversalSentV1],
    upcasters: [],
  },
  ReversalReceived: {
    stream: "account",
    summary: "An account got back what it had sent by a transfer.",
    versions: [schemas.ReversalReceivedV1],
    upcasters: [],
  },
  AccountFrozen: {
    stream: "account",
    summary: "The account takes credits and refuses debits from here on.",
    versions: [schemas.AccountFrozenV1],
    upcasters: [],
  },
  AccountUnfrozen: {
    stream: "account",
    summary: "The account is as usual again.",
    versions: [schemas.AccountUnfrozenV1],
    upcasters: [],
  },
  AccountClosed: {
    stream: "account",
    summary: "The account takes nothing any more.",
    versions: [schemas.AccountClosedV1],
    upcasters: [],
  },
  HoldPlaced: {
    stream: "account",
    summary: "Money was set aside: less is available, the balance stays.",
    versions: [schemas.HoldPlacedV1],
    upcasters: [],
  },
  HoldCaptured: {
    stream: "account",
    summary: "A hold, or a part of it, was paid out of the account.",
    versions: [schemas.HoldCapturedV1],
    upcasters: [],
  },
  CaptureReceived: {
    stream: "account",
    summary: "An account received what a hold in another one had set aside for it.",
    versions: [schemas.CaptureReceivedV1],
    upcasters: [],
  },
  HoldReleased: {
    stream: "account",
    summary: "A hold was given back.",
    versions: [schemas.HoldReleasedV1],
    upcasters: [],
  },
  HoldExpired: {
    stream: "account",
    summary: "A hold was over at its time, which may be earlier than this event.",
    versions: [schemas.HoldExpiredV1],
    upcasters: [],
  },
  LimitsProposed: {
    stream: "account",
    summary: "Somebody proposed limits for the account; they are not in force.",
    versions: [schemas.LimitsProposedV1],
    upcasters: [],
  },
  LimitsApproved: {
    stream: "account",
    summary: "Another person approved limits: in force from here on, the whole set.",
    versions: [schemas.LimitsApprovedV1],
    upcasters: [],
  },
  LimitsRejected: {
    stream: "account",
    summary: "Another person rejected proposed limits.",
    versions: [schemas.LimitsRejectedV1],
    upcasters: [],
  },
  AdjustmentProposed: {
    stream: "account",
    summary: "Somebody proposed to correct a posting of the account; nothing has moved.",
    versions: [schemas.AdjustmentProposedV1],
    upcasters: [],
  },
  AdjustmentApproved: {
    stream: "account",
    summary: "Another person approved a correction; its posting follows.",
    versions: [schemas.AdjustmentApprovedV1],
    upcasters: [],
  },
  AdjustmentRejected: {
    stream: "account",
    summary: "Another person rejected a proposed correction.",
    versions: [schemas.AdjustmentRejectedV1],
    upcasters: [],
  },
  MoneyAdjusted: {
    stream: "account",
    summary: "The bank corrected a posting: money was given, or taken back.",
    versions: [schemas.MoneyAdjustedV1],
    upcasters: [],
  },
  FeeCharged: {
    stream: "account",
    summary: "What the transaction before it has cost, by the tariff.",
    versions: [schemas.FeeChargedV1],
    upcasters: [],
  },
  CardRegistered: {
    stream: "account",
    summary: "A card was registered to the account; of its number the last four digits are kept.",
    versions: [schemas.CardRegisteredV1],
    upcasters: [],
  },
  CardActivated: {
    stream: "account",
    summary: "The card is good for payments from here on.",
    versions: [schemas.CardActivatedV1],
    upcasters: [],
  },
  CardFrozen: {
    stream: "account",
    summary: "The card is refused until it is unfrozen.",
    versions: [schemas.CardFrozenV1],
    upcasters: [],
  },
  CardUnfrozen: {
    stream: "account",
    summary: "The card is good for payments again.",
    versions: [schemas.CardUnfrozenV1],
    upcasters: [],
  },
  CardCancelled: {
    stream: "account",
    summary: "The card is over, for good.",
    versions: [schemas.CardCancelledV1],
    upcasters: [],
  },
  TransferReversed: {
    stream: "transfer",
    summary: "A transfer was reversed; says so in the transfer's own stream.",
    versions: [schemas.TransferReversedV1],
    upcasters: [],
  },
  TransferScheduled: {
    stream: "schedule",
    summary: "A transfer was ordered for a day, or for one day after another.",
    versions: [schemas.TransferScheduledV1],
    upcasters: [],
  },
  ScheduledTransferMade: {
    stream: "schedule",
    summary: "The transfer of a day was made; its legs are in the accounts' streams.",
    versions: [schemas.ScheduledTransferMadeV1],
    upcasters: [],
  },
  ScheduledTransferRefused: {
    stream: "schedule",
    summary: "The transfer of a day was refused, and is not tried again.",
    versions: [schemas.ScheduledTransferRefusedV1],
    upcasters: [],
  },
  ScheduleFinished: {
    stream: "schedule",
    summary: "Every transfer of the schedule was made or refused.",
    versions: [schemas.ScheduleFinishedV1],
    upcasters: [],
  },
  ScheduleCancelled: {
    stream: "schedule",
    summary: "Nothing of the schedule comes any more.",
    versions: [schemas.ScheduleCancelledV1],
    upcasters: [],
  },
  InterestAccrued: {
    stream: "account",
    summary: "What savings earned in a month, day by day; what is at least a minor unit is posted.",
    versions: [schemas.InterestAccruedV1],
    upcasters: [],
  },
  InterestPosted: {
    stream: "account",
    summary: "The interest of a month was given to the account.",
    versions: [schemas.InterestPostedV1],
    upcasters: [],
  },
  TariffProposed: {
    stream: "tariff",
    summary: "Somebody proposed a table of fees for the ledger; it is not in force.",
    versions: [schemas.TariffProposedV1],
    upcasters: [],
  },
  TariffApproved: {
    stream: "tariff",
    summary: "Another person approved a tariff: in force from here on, the whole table.",
    versions: [schemas.TariffApprovedV1],
    upcasters: [],
  },
  TariffRejected: {
    stream: "tariff",
    summary: "Another person rejected a proposed tariff.",
    versions: [schemas.TariffRejectedV1],
    upcasters: [],
  },
  InterestMonthClosed: {
    stream: "tariff",
    summary: "The interest of all accounts of the ledger was posted for a month.",
    versions: [schemas.InterestMonthClosedV1],
    upcasters: [],
  },
} as const satisfies Catalogue;

export type EventType = keyof typeof EVENTS;

type Last<T extends readonly unknown[]> = T extends readonly [...unknown[], infer L] ? L : never;

/** The data of an event type in its newest version. */
export type EventData<T extends EventType> = Static<Last<(typeof EVENTS)[T]["versions"]>>;

/** An event of the log in the newest version of its type: `type` says what `data` is. */
export type BankEvent<T extends EventType = EventType> = {
  [Name in T]: Omit<Envelope, "type" | "data"> & {
    readonly type: Name;
    readonly data: EventData<Name>;
  };
}[T];

/** The version in which events of a type are written. */
export function newestVersion(type: EventType): number {
  return EVENTS[type].versions.length;
}
