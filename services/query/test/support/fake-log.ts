import { randomBytes, randomUUID } from "node:crypto";
import type { Envelope } from "@countinghouse/contracts";
import { decimalsOf, makeLedgerId, moneyText } from "@countinghouse/domain";
import { type EventRange, ProblemError } from "@countinghouse/service-kit";
import type { LogReader } from "../../src/log-reader.ts";

interface Account {
  readonly id: string;
  readonly currency: string;
  balance: bigint;
  version: number;
}

const FIRST_MS = Date.parse("2026-05-01T10:00:00.000Z");
export const OWNER = "11111111-1111-4111-8111-111111111111";
export const OTHER_OWNER = "22222222-2222-4222-8222-222222222222";

/** A log in memory, as the command service writes it: positions without gaps, by a clock. */
export class FakeLog implements LogReader {
  readonly events: Envelope[] = [];
  readonly ledger: number;
  /** How often a stream was asked for. */
  reads = 0;
  /** Whether it is out of reach for who asks. */
  isAway = false;
  /** The time of the next event; every event moves it on by a second. */
  nowMs = FIRST_MS;
  readonly #accounts = new Map<string, Account>();

  constructor(ledger = 1) {
    this.ledger = ledger;
  }

  async readStream(ledger: number, streamId: string, after: number): Promise<Envelope[]> {
    this.reads += 1;
    if (this.isAway) throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
    const isWanted = (event: Envelope) => event.streamId === streamId && event.position > after;
    return ledger === this.ledger ? this.events.filter(isWanted).slice(0, 3) : [];
  }

  async readRange({ first, count }: EventRange): Promise<Envelope[]> {
    this.reads += 1;
    return this.events.slice(first - 1, first - 1 + count);
  }

  /** The events after a position, as a source would bring them. */
  since(position: number): Envelope[] {
    return this.events.filter((event) => event.position > position);
  }

  open({ owner = OWNER, currency = "EUR", name = undefined as string | undefined } = {}): string {
    const id = makeLedgerId(this.nowMs, this.ledger, randomBytes(8));
    this.#accounts.set(id, { id, currency, balance: 0n, version: 0 });
    const data = { ownerId: owner, accountType: "checking", currency };
    this.append(id, "AccountOpened", { ...data, ...(name !== undefined && { name }) });
    return id;
  }

  deposit(id: string, value: string, reference?: string): Envelope {
    return this.#post(id, "MoneyDeposited", value, { ...(reference && { reference }) });
  }

  withdraw(id: string, value: string, reference?: string): Envelope {
    return this.#post(id, "MoneyWithdrawn", value, { ...(reference && { reference }) });
  }

  transfer(from: string, to: string, value: string, reference?: string): [Envelope, Envelope] {
    return this.#pair(["TransferSent", "TransferReceived"], from, to, value, {
      transferId: randomUUID(),
      ...(reference && { reference }),
    });
  }

  reverse([sent, received]: [Envelope, Envelope], reason: string): [Envelope, Envelope] {
    const { transferId, amount } = sent.data as { transferId: string; amount: { value: string } };
    const [from, to] = [received.streamId, sent.streamId];
    const facts = { transferId: randomUUID(), reversesTransferId: transferId, reason };
    const pair = this.#pair(["ReversalSent", "ReversalReceived"], from, to, amount.value, facts);
    const version = 1;
    this.append(transferId, "TransferReversed", { transferId, amount, reason }, version);
    return pair;
  }

  status(id: string, type: "AccountFrozen" | "AccountUnfrozen" | "AccountClosed"): Envelope {
    return this.append(id, type, {});
  }

  append(streamId: string, type: string, data: object, version?: number): Envelope {
    const account = this.#accounts.get(streamId);
    if (account) account.version += 1;
    const event = {
      position: this.events.length + 1,
      eventId: randomUUID(),
      streamId,
      version: version ?? account?.version ?? 1,
      type,
      schemaVersion: 1,
      data: data as Envelope["data"],
      meta: {
        ledger: this.ledger,
        actor: { userId: OWNER, roles: ["customer" as const] },
        correlationId: randomUUID(),
      },
      recordedAt: new Date(this.nowMs).toISOString(),
    };
    this.nowMs += 1_000;
    this.events.push(event);
    return event;
  }

  #pair(
    [sent, received]: readonly [string, string],
    from: string,
    to: string,
    value: string,
    facts: object,
  ): [Envelope, Envelope] {
    const both = { ...facts, fromAccountId: from, toAccountId: to, transactionId: randomUUID() };
    return [
      this.#post(from, sent, value, { ...both, counterpartyAccountId: to }),
      this.#post(to, received, value, { ...both, counterpartyAccountId: from }),
    ];
  }

  #post(id: string, type: string, value: string, facts: object): Envelope {
    const account = this.#accounts.get(id);
    if (account === undefined) throw new Error("open the account first");
    const { currency } = account;
    const direction = CREDITS.has(type) ? "credit" : "debit";
    const amount = minorOf(value, currency);
    account.balance += direction === "credit" ? amount : -amount;
    return this.append(id, type, {
      transactionId: randomUUID(),
      ...facts,
      amount: moneyText(amount, currency),
      direction,
      balanceAfter: moneyText(account.balance, currency),
    });
  }
}

const CREDITS: ReadonlySet<string> = new Set([
  "MoneyDeposited",
  "TransferReceived",
  "ReversalReceived",
]);

function minorOf(value: string, currency: string): bigint {
  const [units = "", fraction = ""] = value.split(".");
  return BigInt(units + fraction.padEnd(decimalsOf(currency) ?? 0, "0"));
}
