import {
  type Catalogue,
  EVENTS,
  PostingData,
  UnknownEventError,
  Uuid,
  upcast,
} from "@countinghouse/contracts";
import Type, { type Static } from "typebox";
import type {
  Fact,
  LogEvent,
  Opened,
  Place,
  Posting,
  PostingEvent,
  StatusChanged,
} from "./account-event.ts";
import { BANKING_READERS, captureOf } from "./decode-banking.ts";
import { reader, readMoney, UnreadableEventError } from "./reading.ts";

export { UnreadableEventError } from "./reading.ts";

/** Whether an event is one that accounts are made of, or of an unknown kind, which may be. */
export function concernsAccounts({ type }: Pick<LogEvent, "type">): boolean {
  const known: Catalogue = EVENTS;
  return !Object.hasOwn(known, type) || known[type]?.stream === "account";
}

export function placeOf(envelope: LogEvent): Place {
  const { streamId, position, version, eventId, recordedAt, meta } = envelope;
  return { accountId: streamId, ledger: meta.ledger, position, version, eventId, recordedAt };
}

/**
 * What an event says, in whatever version it was written. Throws an UnreadableEventError for what
 * cannot be understood in full.
 */
export function factOf(envelope: LogEvent, catalogue: Catalogue = EVENTS): Fact {
  const read = Object.hasOwn(READERS, envelope.type) ? READERS[envelope.type] : undefined;
  if (read === undefined) throw new UnreadableEventError(`unknown event type ${envelope.type}`);
  return read(newest(envelope, catalogue).data);
}

function newest(envelope: LogEvent, catalogue: Catalogue): LogEvent {
  try {
    return upcast(envelope, catalogue);
  } catch (error) {
    if (error instanceof UnknownEventError) throw new UnreadableEventError(error.message);
    throw error;
  }
}

const OpenedData = Type.Object({
  ownerId: Uuid,
  accountType: Type.Enum(["checking", "savings"]),
  currency: Type.String({ pattern: "^[A-Z]{3}$" }),
  name: Type.Optional(Type.String()),
});

const readOpened = reader(OpenedData, ({ ownerId, accountType, currency, name }): Opened => {
  return { kind: "opened", ownerId, type: accountType, currency, name: name ?? null };
});

const CountedData = Type.Object({
  ...PostingData.properties,
  day: Type.Optional(Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })),
});

const READERS: Readonly<Record<string, (data: object) => Fact>> = {
  AccountOpened: readOpened,
  MoneyDeposited: posting("MoneyDeposited"),
  MoneyWithdrawn: posting("MoneyWithdrawn"),
  TransferSent: posting("TransferSent"),
  TransferReceived: posting("TransferReceived"),
  ReversalSent: posting("ReversalSent"),
  ReversalReceived: posting("ReversalReceived"),
  HoldCaptured: reader(EVENTS.HoldCaptured.versions[0], (data) => {
    return { ...postingOf("HoldCaptured", data), capture: captureOf(data) };
  }),
  CaptureReceived: posting("CaptureReceived"),
  MoneyAdjusted: posting("MoneyAdjusted"),
  FeeCharged: posting("FeeCharged"),
  InterestPosted: posting("InterestPosted"),
  InterestAccrued: () => ({ kind: "noted" }),
  ...BANKING_READERS,
  AccountFrozen: () => becomes("frozen"),
  AccountUnfrozen: () => becomes("open"),
  AccountClosed: () => becomes("closed"),
};

function becomes(status: StatusChanged["status"]): StatusChanged {
  return { kind: "status", status };
}

function posting(event: PostingEvent): (data: object) => Posting {
  return reader(CountedData, (data) => postingOf(event, data));
}

function postingOf(event: PostingEvent, data: Static<typeof CountedData>): Posting {
  const amountMinor = readMoney(data.amount);
  if (data.amount.currency !== data.balanceAfter.currency) {
    throw new UnreadableEventError("amount and balance have two currencies");
  }
  if (amountMinor <= 0n) throw new UnreadableEventError("an amount that is not above zero");
  return {
    kind: "posting",
    event,
    transactionId: data.transactionId,
    direction: data.direction,
    amountMinor,
    balanceAfterMinor: readMoney(data.balanceAfter),
    currency: data.amount.currency,
    counterpartyAccountId: data.counterpartyAccountId ?? null,
    transferId: data.transferId ?? null,
    reference: data.reference ?? null,
    day: data.day ?? null,
    capture: null,
  };
}
