import { randomUUID } from "node:crypto";
import type { Envelope } from "@countinghouse/client";

const CURRENCY = "EUR";
const money = (units: number) => ({ currency: CURRENCY, value: `${units}.00` });

/** Makes the events of a ledger in its order: an opening, then deposits of 1.00. */
export interface EventMaker {
  next(accountId: string, count: number, change?: Partial<Envelope>): Envelope[];
  /** An event as it was, at a place of its own: as when it was published twice. */
  again(event: Envelope): Envelope;
  /** Leaves versions of an account out. */
  skip(accountId: string, count: number): Envelope[];
}

export function createEventMaker(ledger = 1): EventMaker {
  const versions = new Map<string, number>();
  let position = 0;

  function make(accountId: string, change: Partial<Envelope>): Envelope {
    const version = (versions.get(accountId) ?? 0) + 1;
    versions.set(accountId, version);
    position += 1;
    return {
      position,
      eventId: randomUUID(),
      streamId: accountId,
      version,
      type: version === 1 ? "AccountOpened" : "MoneyDeposited",
      schemaVersion: 1,
      data: version === 1 ? opened() : deposited(version),
      meta: {
        actor: { roles: ["customer"], userId: randomUUID() },
        correlationId: randomUUID(),
        ledger,
      },
      recordedAt: new Date(Date.UTC(2026, 0, 1) + position).toISOString(),
      ...change,
    };
  }

  return {
    next(accountId, count, change = {}) {
      return Array.from({ length: count }, () => make(accountId, change));
    },
    again(event) {
      position += 1;
      return { ...event, position };
    },
    skip(accountId, count) {
      const before = position;
      const skipped = Array.from({ length: count }, () => make(accountId, {}));
      position = before;
      return skipped;
    },
  };
}

function opened(): object {
  return { accountType: "checking", currency: CURRENCY, ownerId: randomUUID() };
}

function deposited(version: number): object {
  return {
    amount: money(1),
    balanceAfter: money(version - 1),
    direction: "credit",
    transactionId: randomUUID(),
  };
}
