import { randomUUID } from "node:crypto";
import type { Envelope } from "@countinghouse/contracts";

/** Makes the events of a ledger, in its order. */
export interface EventMaker {
  /** The next events of a stream. */
  next(streamId: string, count: number): Envelope[];
}

export function createEventMaker(ledger = 1): EventMaker {
  const versions = new Map<string, number>();
  let position = 0;
  return {
    next(streamId, count) {
      return Array.from({ length: count }, () => {
        const version = (versions.get(streamId) ?? 0) + 1;
        versions.set(streamId, version);
        position += 1;
        return anEvent({ ledger, streamId, version, position });
      });
    },
  };
}

interface Place {
  readonly ledger: number;
  readonly streamId: string;
  readonly version: number;
  readonly position: number;
}

function anEvent({ ledger, streamId, version, position }: Place): Envelope {
  return {
    position,
    eventId: randomUUID(),
    streamId,
    version,
    type: "MoneyDeposited",
    schemaVersion: 1,
    data: {
      amount: { currency: "EUR", value: "1.00" },
      reference: `Übung "${version}"\n€`,
      transactionId: randomUUID(),
    },
    meta: {
      actor: { roles: ["customer"], userId: randomUUID() },
      ...(version % 2 === 0 && { causationId: randomUUID() }),
      correlationId: randomUUID(),
      ledger,
      ...(version % 3 === 0 && { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` }),
    },
    recordedAt: new Date(Date.UTC(2026, 0, 1) + position).toISOString(),
  };
}
