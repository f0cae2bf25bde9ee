import { expect } from "vitest";
import { type AccountEvent, type Limits, minorUnits } from "../src/index.ts";

/** What the log of an account comes to, by rules of its own that look at nothing but the events. */
export class BankingAuditor {
  balance = 0n;
  limits: Limits = {};
  /** Before the last deposit. */
  #freeBefore = 0n;
  #card = "none";
  readonly #holds = new Map<string, { left: bigint; day: string; isCard: boolean }>();
  readonly #days = new Map<string, bigint>();

  take({ type, data }: AccountEvent): void {
    switch (type) {
      case "MoneyDeposited":
        this.#freeBefore = this.balance - this.#held();
        this.balance += minorUnits(data.amount);
        break;
      case "MoneyWithdrawn":
      case "TransferSent":
        this.balance -= minorUnits(data.amount);
        this.#spend(type, data.day ?? "", minorUnits(data.amount));
        expect(this.balance - this.#held() >= -this.#overdraft()).toBe(true);
        break;
      case "FeeCharged":
        this.balance -= minorUnits(data.amount);
        expect(this.balance - this.#held() >= this.#leastAfterFee(data.on)).toBe(true);
        break;
      case "MoneyAdjusted":
        this.balance += data.direction === "credit" ? minorUnits(data.amount) : 0n;
        if (data.direction === "credit") break;
        this.balance -= minorUnits(data.amount);
        expect(this.balance - this.#held() >= -this.#overdraft()).toBe(true);
        break;
      case "HoldPlaced": {
        const [left, isCard] = [minorUnits(data.amount), data.cardId !== undefined];
        this.#holds.set(data.holdId, { left, day: data.day, isCard });
        this.#spend(isCard ? "card" : type, data.day, left);
        if (isCard) expect(this.#card).toBe("CardActivated");
        expect(this.balance - this.#held() >= -this.#overdraft()).toBe(true);
        break;
      }
      case "HoldCaptured":
        this.balance -= minorUnits(data.amount);
        this.#take(data.holdId, minorUnits(data.amount), minorUnits(data.freed));
        break;
      case "HoldReleased":
      case "HoldExpired":
        this.#take(data.holdId, 0n, minorUnits(data.freed));
        expect(this.#holds.has(data.holdId)).toBe(false);
        break;
      case "LimitsApproved":
        this.limits = data.limits;
        break;
      case "CardRegistered":
      case "CardActivated":
      case "CardFrozen":
      case "CardUnfrozen":
      case "CardCancelled":
        this.#follow(type);
        break;
    }
    if ("heldAfter" in data) expect(minorUnits(data.heldAfter)).toBe(this.#held());
    if ("balanceAfter" in data) expect(minorUnits(data.balanceAfter)).toBe(this.balance);
  }

  /** Never more than was held, and of nothing that is over. */
  #take(holdId: string, paid: bigint, freed: bigint): void {
    const hold = this.#holds.get(holdId);
    expect(hold).toBeDefined();
    if (hold === undefined) return;
    const left = hold.left - paid - freed;
    expect(left >= 0n).toBe(true);
    if (left === 0n) this.#holds.delete(holdId);
    else this.#holds.set(holdId, { ...hold, left });
    const windows = hold.isCard ? ["all", "card"] : ["all"];
    for (const name of windows) this.#add(`${name} ${hold.day}`, -freed);
  }

  #spend(way: string, day: string, minor: bigint): void {
    const { perTransaction, dailyOutgoing, monthlyOutgoing, channels } = this.limits;
    const within = (sum: bigint, limit: { value: string; currency: string } | undefined) => {
      expect(limit === undefined || sum <= minorUnits(limit)).toBe(true);
    };
    this.#add(`all ${day}`, minor);
    within(minor, perTransaction);
    within(this.#sum(`all ${day}`), dailyOutgoing);
    within(this.#sum(`all ${day.slice(0, "2026-11".length)}`), monthlyOutgoing);
    if (way !== "card") return;
    this.#add(`card ${day}`, minor);
    within(this.#sum(`card ${day}`), channels?.card?.dailyOutgoing);
  }

  #add(name: string, minor: bigint): void {
    this.#days.set(name, (this.#days.get(name) ?? 0n) + minor);
  }

  #sum(prefix: string): bigint {
    const days = [...this.#days].filter(([name]) => name.startsWith(prefix));
    return days.reduce((sum, [, minor]) => sum + minor, 0n);
  }

  #held(): bigint {
    return [...this.#holds.values()].reduce((sum, { left }) => sum + left, 0n);
  }

  /** A deposit pays its own, be the account in the red or not, and takes nothing beside. */
  #leastAfterFee(on: string): bigint {
    const isDeeper = on === "deposit" && this.#freeBefore < -this.#overdraft();
    return isDeeper ? this.#freeBefore : -this.#overdraft();
  }

  #overdraft(): bigint {
    return this.limits.overdraft === undefined ? 0n : minorUnits(this.limits.overdraft);
  }

  #follow(type: string): void {
    const from: Record<string, string[]> = {
      CardRegistered: ["none", "CardCancelled"],
      CardActivated: ["CardRegistered"],
      CardFrozen: ["CardActivated"],
      CardUnfrozen: ["CardFrozen"],
      CardCancelled: ["CardRegistered", "CardActivated", "CardFrozen"],
    };
    expect(from[type]).toContain(this.#card);
    this.#card = type === "CardUnfrozen" ? "CardActivated" : type;
  }
}
