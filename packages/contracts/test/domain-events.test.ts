import type {
  AccountEvent,
  ScheduleEvent,
  TariffEvent,
  TransferEvent,
} from "@countinghouse/domain";
import { expect, test } from "vitest";
import { EVENTS, type EventData, type EventType } from "../src/index.ts";

type DomainEvent = AccountEvent | ScheduleEvent | TariffEvent | TransferEvent;
type DataOf<T extends EventType> = Extract<DomainEvent, { type: T }>["data"];
type Keys<T> = keyof T extends infer Key ? (string extends Key ? never : Key) : never;

/** For each type that the domain writes: `true`, or the reason why the compiler stops here. */
type Agreement = {
  [T in DomainEvent["type"]]: T extends EventType
    ? [DataOf<T>] extends [EventData<T>]
      ? [Keys<DataOf<T>>] extends [keyof EventData<T>]
        ? true
        : "a field that the schema does not have"
      : "data that the schema does not take"
    : "an event type without a schema: add it to EVENTS";
};

test("what the domain writes is what the newest schemas say; the compiler holds it", () => {
  const agreement: Agreement = {
    AccountOpened: true,
    MoneyDeposited: true,
    MoneyWithdrawn: true,
    TransferSent: true,
    TransferReceived: true,
    ReversalSent: true,
    ReversalReceived: true,
    AdjustmentProposed: true,
    AdjustmentApproved: true,
    AdjustmentRejected: true,
    MoneyAdjusted: true,
    FeeCharged: true,
    InterestAccrued: true,
    InterestPosted: true,
    InterestMonthClosed: true,
    TariffProposed: true,
    TariffApproved: true,
    TariffRejected: true,
    AccountFrozen: true,
    AccountUnfrozen: true,
    AccountClosed: true,
    HoldPlaced: true,
    HoldCaptured: true,
    CaptureReceived: true,
    HoldReleased: true,
    HoldExpired: true,
    LimitsProposed: true,
    LimitsApproved: true,
    LimitsRejected: true,
    CardRegistered: true,
    CardActivated: true,
    CardFrozen: true,
    CardUnfrozen: true,
    CardCancelled: true,
    TransferReversed: true,
    TransferScheduled: true,
    ScheduledTransferMade: true,
    ScheduledTransferRefused: true,
    ScheduleFinished: true,
    ScheduleCancelled: true,
  };
  expect(Object.keys(agreement).sort()).toEqual(Object.keys(EVENTS).sort());
});
