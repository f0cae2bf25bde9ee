import { randomUUID } from "node:crypto";
import { type Answer, TODAY } from "./instances.ts";
import type { Order } from "./model.ts";

/** Few enough that most of them are reversed, captured or judged before long, and again. */
const RECENT = 10;

/** Orders of all kinds on a few accounts, as a seed makes them. */
export class OrderMaker {
  readonly accounts: string[] = [];
  readonly schedules: string[] = [];
  readonly #transfers: { transferId: string; order: Order; to: string }[] = [];
  readonly #holds: { holdId: string; accountId: string }[] = [];
  readonly #cards: { cardId: string; accountId: string }[] = [];
  readonly #proposals: { proposalId: string; accountId: string }[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  chance(part: number): boolean {
    return this.#random() < part;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  anOrder(): Order {
    const [key, accountId, cents] = [randomUUID(), this.pick(this.accounts), this.#upTo(2_000)];
    const body = { amount: money(cents) };
    const roll = this.#random();
    if (roll < 0.3) return this.deposit(accountId, key);
    if (roll < 0.45) {
      const path = `/v1/accounts/${accountId}/withdrawals`;
      return { key, kind: "withdrawal", path, body, accountId, cents };
    }
    if (roll < 0.53 && this.#transfers.length > 0) return this.#aReversal(key);
    if (roll < 0.59) {
      const kind = this.chance(0.3) ? "freeze" : "unfreeze";
      const path = `/v1/accounts/${accountId}/${kind}`;
      return { key, kind, path, body: { reason: "why" }, accountId, cents: 0 };
    }
    if (roll < 0.72) return this.#aroundHolds(key, accountId, cents, body);
    if (roll < 0.8) return this.#aroundLimits(key, accountId);
    if (roll < 0.88 && this.#cards.length > 0) return this.#aroundCards(key, cents);
    const toAccountId = this.pick(this.accounts.filter((id) => id !== accountId));
    const parties = { fromAccountId: accountId, toAccountId, ...body };
    if (roll < 0.91) {
      const path = "/v1/scheduled-transfers";
      const days = { ...parties, firstOn: TODAY };
      return { key, kind: "schedule", path, body: days, accountId, cents };
    }
    return { key, kind: "transfer", path: "/v1/transfers", body: parties, accountId, cents };
  }

  /** A hold, or what ends one of the last few: several clients want the same one. */
  #aroundHolds(key: string, accountId: string, cents: number, body: object): Order {
    if (this.#holds.length === 0 || this.chance(0.4)) {
      const path = `/v1/accounts/${accountId}/holds`;
      return { key, kind: "hold", path, body, accountId, cents };
    }
    const hold = this.pick(this.#holds.slice(-RECENT));
    const path = `/v1/holds/${hold.holdId}`;
    if (this.chance(0.3)) {
      return { key, kind: "release", path: `${path}/release`, body: {}, cents: 0, ...hold };
    }
    const part = { ...body, final: this.chance(0.5) };
    return { key, kind: "capture", path: `${path}/capture`, body: part, cents, ...hold };
  }

  /** Limits that some of what comes goes beyond, judged by another person. */
  #aroundLimits(key: string, accountId: string): Order {
    if (this.#proposals.length === 0 || this.chance(0.4)) {
      const caps = {
        ...(this.chance(0.8) && { perTransaction: money(this.#upTo(2_500)) }),
        ...(this.chance(0.8) && { dailyOutgoing: money(this.#upTo(20_000)) }),
        ...(this.chance(0.5) && {
          channels: { card: { dailyOutgoing: money(this.#upTo(3_000)) } },
        }),
      };
      const path = `/v1/accounts/${accountId}/limits`;
      return { key, kind: "propose", method: "PUT", path, body: caps, accountId, cents: 0 };
    }
    const proposal = this.pick(this.#proposals.slice(-RECENT));
    const kind = this.chance(0.7) ? "approve" : "reject";
    const path = `/v1/proposals/${proposal.proposalId}/${kind}`;
    return { key, kind, path, body: {}, cents: 0, as: "second", ...proposal };
  }

  #aroundCards(key: string, cents: number): Order {
    const card = this.pick(this.#cards);
    const path = `/v1/cards/${card.cardId}`;
    if (this.chance(0.6)) {
      const body = { amount: money(cents), merchant: "Grocer" };
      return { key, kind: "authorize", path: `${path}/authorizations`, body, cents, ...card };
    }
    const step = this.chance(0.3) ? "freeze" : "unfreeze";
    return { key, kind: `${step}Card`, path: `${path}/${step}`, body: {}, cents: 0, ...card };
  }

  /** Of a transfer; or a command on its id as if that were an account. */
  #aReversal(key: string): Order {
    const { transferId, order, to } = this.pick(this.#transfers.slice(0, RECENT));
    if (this.chance(0.3)) return { ...this.deposit(transferId, key), accountId: transferId };
    const path = `/v1/transfers/${transferId}/reversal`;
    const { cents } = order;
    return { key, kind: "reversal", path, body: { reason: "why" }, accountId: to, cents };
  }

  deposit(accountId: string, key: string): Order {
    const cents = this.#upTo(1_500);
    const path = `/v1/accounts/${accountId}/deposits`;
    return { key, kind: "deposit", path, body: { amount: money(cents) }, accountId, cents };
  }

  /** What later orders can be about. */
  note(order: Order, { status, text }: Answer): void {
    const { accountId, kind } = order;
    if (status !== 201 && status !== 202) return;
    const body = JSON.parse(text);
    if (kind === "hold" || kind === "authorize")
      this.#holds.push({ holdId: body.holdId, accountId });
    if (kind === "propose") this.#proposals.push({ proposalId: body.proposalId, accountId });
    if (kind === "register") this.#cards.push({ cardId: body.cardId, accountId });
    if (kind === "schedule" && !this.schedules.includes(body.scheduleId)) {
      this.schedules.push(body.scheduleId);
    }
    if (kind === "transfer") {
      this.#transfers.push({ transferId: body.transferId, order, to: body.to.accountId });
    }
  }

  #upTo(cents: number): number {
    return 1 + Math.floor(this.#random() * cents);
  }
}

const money = (cents: number) => ({ value: (cents / 100).toFixed(2), currency: "EUR" });
