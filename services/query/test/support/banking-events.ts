import { randomUUID } from "node:crypto";
import {
  type Account,
  type AccountEvent,
  captureHold,
  type Decision,
  evolveAccount,
  expireHolds,
  foldAccount,
  type HoldPlaced,
  judgeAdjustment,
  judgeLimits,
  type Limits,
  placeHold,
  proposeAdjustment,
  proposeLimits,
  registerCard,
  releaseHold,
  stepCard,
  type Tariff,
  type When,
  withdraw,
} from "@countinghouse/domain";
import type { FakeLog } from "./fake-log.ts";

const BY = { kind: "any" } as const;
const [PROPOSER, JUDGE] = [randomUUID(), randomUUID()];

/** An account of a log whose events come from the decisions of the domain, at the log's time. */
export class BankingAccount {
  readonly id: string;
  readonly #log: FakeLog;
  #state: Account | undefined;
  #correctedLast = 1;

  constructor(log: FakeLog, owner: string, balance: string) {
    this.#log = log;
    this.id = log.open({ owner });
    log.deposit(this.id, balance);
    const own = log.events.filter(({ streamId }) => streamId === this.id);
    this.#state = foldAccount(own as unknown as AccountEvent[]);
  }

  get when(): When {
    const now = new Date(this.#log.nowMs).toISOString();
    return { now, day: now.slice(0, "2026-05-01".length) };
  }

  withdraw(minor: bigint, tariff?: Tariff): void {
    const ids = { transactionId: randomUUID(), feeId: randomUUID() };
    const command = { by: BY, when: this.when, ...ids };
    this.#put(withdraw({ ...command, amount: { minor, currency: "EUR" } }, this.#state, tariff));
  }

  hold(minor: bigint, more: { expiresAt?: string; reference?: string } = {}): HoldPlaced["data"] {
    const command = { by: BY, when: this.when, holdId: randomUUID(), ...more };
    const amount = { minor, currency: "EUR" };
    const events = this.#put(placeHold({ ...command, amount }, this.#state));
    return events.at(-1)?.data as HoldPlaced["data"];
  }

  capture(placed: HoldPlaced["data"], minor: bigint, isFinal = true): void {
    const ids = { transactionId: randomUUID(), accountId: this.id };
    const command = { by: BY, when: this.when, placed, ...ids, isFinal };
    const amount = { minor, currency: "EUR" };
    const decision = captureHold({ ...command, amount }, this.#state, undefined);
    if (decision.kind === "accepted") this.#put({ ...decision, facts: decision.facts.captured });
  }

  release({ holdId }: HoldPlaced["data"]): void {
    this.#put(releaseHold({ by: BY, when: this.when, holdId }, this.#state));
  }

  expire(): void {
    this.#put(expireHolds({ when: this.when }, this.#state));
  }

  propose(limits: Limits): string {
    const proposalId = randomUUID();
    const command = { by: BY, when: this.when, proposalId, limits, proposedBy: PROPOSER };
    this.#put(proposeLimits(command, this.#state));
    return proposalId;
  }

  adjust(direction: "credit" | "debit", minor: bigint, verdict: "approve" | "reject"): void {
    const proposalId = randomUUID();
    const about = { direction, amount: { minor, currency: "EUR" }, reason: "a slip" };
    this.#correctedLast += 1;
    const corrects = { version: this.#correctedLast, transactionId: randomUUID() };
    const common = { when: this.when, proposalId };
    const asked = { ...common, by: BY, ...about, corrects, isReversed: false };
    this.#put(proposeAdjustment({ ...asked, proposedBy: PROPOSER }, this.#state));
    const word = { ...common, verdict, decidedBy: JUDGE, transactionId: randomUUID() };
    this.#put(judgeAdjustment(word, this.#state));
  }

  judge(proposalId: string, verdict: "approve" | "reject"): void {
    const command = { when: this.when, proposalId, verdict, decidedBy: JUDGE };
    this.#put(judgeLimits(command, this.#state));
  }

  card(...verbs: ("activate" | "freeze" | "unfreeze" | "cancel")[]): string {
    const cardId = randomUUID();
    const card = { cardId, last4: "4242", brand: "visa", expiry: "2039-11" };
    this.#put(registerCard({ by: BY, when: this.when, ...card }, this.#state));
    for (const verb of verbs) {
      const command = { by: BY, when: this.when, cardId, verb, otp: "no_mfa" as const };
      this.#put(stepCard(command, this.#state));
    }
    return cardId;
  }

  #put(decision: Decision<AccountEvent | readonly AccountEvent[]>): readonly AccountEvent[] {
    if (decision.kind === "refused") throw new Error(`refused: ${decision.code}`);
    const events = [decision.facts].flat();
    for (const event of events) {
      this.#state = evolveAccount(this.#state, event);
      this.#log.append(this.id, event.type, event.data);
    }
    return events;
  }
}

const TARIFF: Tariff = { fees: [{ on: "withdrawal", currency: "EUR", basisPoints: 1_000 }] };

/** An account with a little of everything: holds, limits, cards, corrections, a fee. */
export function bankOn(log: FakeLog, owner: string): BankingAccount {
  const account = new BankingAccount(log, owner, "100.00");
  const end = new Date(log.nowMs + 60_000).toISOString();
  const [first, second] = [account.hold(1_000n), account.hold(2_000n, { reference: "Hotel" })];
  account.hold(500n, { expiresAt: end });
  account.capture(first, 300n, false);
  account.capture(first, 200n);
  account.release(second);
  account.withdraw(700n);
  log.nowMs += 40 * 24 * 3_600_000;
  account.expire();
  account.withdraw(100n);
  account.hold(50n);
  account.judge(account.propose({ overdraft: { value: "9.00", currency: "EUR" } }), "approve");
  account.judge(account.propose({}), "reject");
  account.propose({ dailyOutgoing: { value: "5.00", currency: "EUR" } });
  account.card("activate", "freeze", "unfreeze");
  account.card("cancel");
  account.adjust("credit", 20n, "approve");
  account.adjust("debit", 5n, "approve");
  account.adjust("credit", 1n, "reject");
  account.withdraw(30n, TARIFF);
  return account;
}
