import { randomUUID } from "node:crypto";
import { createEventStore, type Decision } from "@countinghouse/event-store";
import pg from "pg";

/** Transfers of one append; a transfer is two events. */
const APPEND_TRANSFERS = 500;
const CAUSE = {
  actor: { userId: randomUUID(), roles: ["customer" as const] },
  traceparent: `00-${"a1".repeat(16)}-${"b2".repeat(8)}-01`,
};

interface Account {
  readonly id: string;
  version: number;
}

/**
 * Fills ledger 1 with transfers between `accounts` new accounts, `events` events in all; gives the
 * number of events of each account.
 */
export async function fillLog(
  commandUrl: string,
  accounts: number,
  events: number,
): Promise<ReadonlyMap<string, number>> {
  const pool = new pg.Pool({ connectionString: commandUrl, max: 1 });
  const store = createEventStore(pool);
  const all = Array.from({ length: accounts }, (): Account => ({ id: randomUUID(), version: 0 }));
  let left = Math.floor(events / 2);
  for (let next = 0; left > 0; left -= APPEND_TRANSFERS) {
    const decisions: Decision[] = [];
    for (let i = 0; i < Math.min(APPEND_TRANSFERS, left); i += 1) {
      const [from, to] = [all[next % accounts], all[(next + 1) % accounts]] as [Account, Account];
      decisions.push(transfer(from, to));
      next += 2;
    }
    await store.append(decisions);
  }
  await pool.end();
  return new Map(all.map(({ id, version }) => [id, version]));
}

function transfer(from: Account, to: Account): Decision {
  const transferId = randomUUID();
  const facts = {
    ...{ amount: euros("12.50"), fromAccountId: from.id, toAccountId: to.id },
    ...{ reference: "Invoice 2026-0417", transferId },
  };
  return {
    ledger: 1,
    reads: [],
    changes: [
      change(from, "TransferSent", "debit", to, facts),
      change(to, "TransferReceived", "credit", from, facts),
    ],
    cause: { ...CAUSE, correlationId: randomUUID() },
    answer: {
      ...{ scope: "fill", key: transferId, request: "{}" },
      ...{ status: 201, response: "{}", token: "none" },
    },
  };
}

function change(
  account: Account,
  type: string,
  direction: "debit" | "credit",
  counterparty: Account,
  facts: Readonly<Record<string, unknown>>,
): Decision["changes"][number] {
  const expectedVersion = account.version;
  account.version += 1;
  const data = {
    ...facts,
    ...{ direction, balanceAfter: euros("1250.75"), transactionId: randomUUID() },
    counterpartyAccountId: counterparty.id,
  };
  return {
    ...{ ledger: 1, streamId: account.id, category: "account", expectedVersion },
    events: [{ type, schemaVersion: 1, data }],
    ...{ state: {}, stateSchema: 1 },
  };
}

function euros(value: string): Readonly<Record<string, string>> {
  return { value, currency: "EUR" };
}
