import { randomBytes, randomUUID } from "node:crypto";
import { type Envelope, newestVersion } from "@countinghouse/contracts";
import {
  type AccountEvent,
  type Account as AccountState,
  close,
  type Decision,
  deposit,
  evolveAccount,
  freeze,
  makeLedgerId,
  openAccount,
  type ReversalSent,
  reverse,
  type TransferReversed,
  type TransferSent,
  transfer,
  unfreeze,
  type When,
  withdraw,
} from "@countinghouse/domain";

const FIRST_MS = Date.parse("2026-05-01T10:00:00.000Z");
const STEP_MS = 10;
const FILLERS = 10;
const BY = { kind: "any" } as const;

export const BANK_OWNER = "11111111-1111-4111-8111-111111111111";

interface Opening {
  readonly ownerId?: string;
  readonly currency?: string;
  readonly name?: string;
}

/**
 * A log in memory, made by the decisions of the domain as the command service makes it: positions
 * without gap, the events of one command with one time.
 */
export class FakeBank {
  readonly events: Envelope[] = [];
  readonly ledger: number;
  readonly #accounts = new Map<string, { state: AccountState | undefined; version: number }>();
  readonly #fillers: string[] = [];
  #nowMs = FIRST_MS;

  constructor(ledger = 1) {
    this.ledger = ledger;
  }

  open({ ownerId = BANK_OWNER, currency = "EUR", name }: Opening = {}): string {
    const id = makeLedgerId(this.#nowMs, this.ledger, randomBytes(8));
    const named = name !== undefined && { name };
    const command = { ownerId, accountType: "checking" as const, currency, ...named };
    this.#record([id, factsOf(openAccount(command))]);
    return id;
  }

  /** Minor units. */
  deposit(id: string, minor: number, reference?: string): void {
    this.#recordAll(id, factsOf(deposit(this.#posting(id, minor, reference), this.#state(id))));
  }

  withdraw(id: string, minor: number): void {
    this.#recordAll(id, factsOf(withdraw(this.#posting(id, minor), this.#state(id))));
  }

  /** The debit, for `reverse`. */
  transfer(from: string, to: string, minor: number): TransferSent {
    const { amount } = this.#posting(from, minor);
    const ids = { transferId: this.#newId(), debitId: this.#uuid(), creditId: this.#uuid() };
    const command = {
      ...{ when: this.#when, feeId: this.#uuid() },
      ...{ by: BY, amount, fromAccountId: from, toAccountId: to },
      ...ids,
    };
    const { sent, received } = factsOf(transfer(command, this.#state(from), this.#state(to)));
    this.#record([from, sent], [to, received]);
    return sent;
  }

  reverse(original: TransferSent): ReversalSent {
    const { fromAccountId, toAccountId, transferId } = original.data;
    const ids = { reversalId: this.#newId(), debitId: this.#uuid(), creditId: this.#uuid() };
    const command = { ...ids, when: this.#when, reason: "sent twice" };
    const [receiver, sender] = [this.#state(toAccountId), this.#state(fromAccountId)];
    const facts = factsOf(reverse(command, original, undefined, receiver, sender));
    const { sent, received, reversed } = facts;
    this.#record([toAccountId, sent], [fromAccountId, received], [transferId, reversed]);
    return sent;
  }

  freeze(id: string): void {
    this.#record([id, factsOf(freeze({ by: BY, reason: "looked into" }, this.#state(id)))]);
  }

  unfreeze(id: string): void {
    this.#record([id, factsOf(unfreeze({ by: BY, reason: "all is well" }, this.#state(id)))]);
  }

  close(id: string): void {
    this.#recordAll(id, factsOf(close({ by: BY, when: this.#when }, this.#state(id))));
  }

  /** Adds events, transfers between a few accounts above all, until the log has so many. */
  fill(events: number): void {
    const ids = this.#fillers;
    for (let i = this.events.length; this.events.length < events; i += 1) {
      const [from = "", to = ""] = [ids[i % FILLERS], ids[(i + 1 + (i % 7)) % FILLERS]];
      if (ids.length < FILLERS) ids.push(this.open());
      else if ((this.#state(from)?.balance ?? 0n) < 1_000n) this.deposit(from, 1_000_000_000);
      else if (from === to || this.events.length + 1 === events) this.deposit(from, 1);
      else this.transfer(from, to, 1 + (i % 500));
    }
  }

  get #when(): When {
    const now = new Date(this.#nowMs).toISOString();
    return { now, day: now.slice(0, "2026-05-01".length) };
  }

  #recordAll(id: string, facts: readonly AccountEvent[]): void {
    this.#record(...facts.map((fact): [string, AccountEvent] => [id, fact]));
  }

  #state(id: string): AccountState | undefined {
    return this.#accounts.get(id)?.state;
  }

  #posting(id: string, minor: number, reference?: string) {
    const currency = this.#state(id)?.currency ?? "";
    const amount = { minor: BigInt(minor), currency };
    const text = reference !== undefined && { reference };
    const ids = { transactionId: this.#uuid(), feeId: this.#uuid() };
    return { by: BY, when: this.#when, ...ids, amount, ...text };
  }

  #record(...facts: readonly [string, AccountEvent | TransferReversed][]): void {
    this.#nowMs += STEP_MS;
    const correlationId = randomUUID();
    for (const [streamId, { type, data }] of facts) {
      const before = this.#accounts.get(streamId) ?? { state: undefined, version: 0 };
      const version = before.version + 1;
      const event = { type, data } as AccountEvent;
      const isAccount = type !== "TransferReversed";
      const state = isAccount ? evolveAccount(before.state, event) : undefined;
      this.#accounts.set(streamId, { state, version });
      const actor = { userId: BANK_OWNER, roles: ["teller" as const] };
      this.events.push({
        ...{ position: this.events.length + 1, eventId: this.#uuid(), streamId, version, type },
        ...{ schemaVersion: newestVersion(type), data: data as Envelope["data"] },
        meta: { ledger: this.ledger, actor, correlationId },
        recordedAt: new Date(this.#nowMs).toISOString(),
      });
    }
  }

  #newId(): string {
    return makeLedgerId(this.#nowMs, this.ledger, randomBytes(8));
  }

  /** A UUIDv7 of the bank's own time. */
  #uuid(): string {
    const time = this.#nowMs.toString(16).padStart(12, "0");
    const [, , , ...rest] = randomUUID().split("-");
    return [time.slice(0, 8), time.slice(8), `7${randomBytes(2).toString("hex").slice(1)}`]
      .concat(rest)
      .join("-");
  }
}

function factsOf<Facts>(decision: Decision<Facts>): Facts {
  if (decision.kind === "accepted") return decision.facts;
  throw new Error(`the fake bank was refused: ${decision.code}`);
}
