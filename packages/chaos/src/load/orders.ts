import type { Answer, Customer } from "./customer.ts";

/** An account of the model: whose it is, and in what money. */
export interface ModelAccount {
  readonly accountId: string;
  readonly owner: Customer;
  readonly currency: "EUR" | "USD";
}

export type Kind = "deposit" | "withdrawal" | "transfer" | "hold" | "capture" | "release";

/** How many events each kind puts into the log. */
export const EVENTS: Readonly<Record<Kind, number>> = {
  ...{ deposit: 1, withdrawal: 1, transfer: 2, hold: 1, capture: 1, release: 1 },
};

/** A command with a key of its own, and every answer for good that it has had. */
export interface Order {
  readonly key: string;
  readonly kind: Kind;
  readonly owner: Customer;
  readonly accountId: string;
  readonly path: string;
  readonly body: object | undefined;
  /** What its events carry, by which they are found; the hold's id where they carry none. */
  readonly mark: string;
  readonly given: Answer[];
}

/** Statuses that are answers for good: they are kept, and given again. */
export const KEPT = new Set([200, 201, 404, 422]);

/** A part of what goes out is more than most accounts have. */
const [LARGE, LARGE_CENTS, USUAL_CENTS] = [0.15, 150_000, 5_000];

/** Makes orders, one after another as `random` has it. */
export interface OrderBook {
  readonly orders: readonly Order[];
  next(): Order;
  /** Told of each first answer, so that later orders build on it. */
  note(order: Order, answer: Answer): void;
}

interface OpenHold {
  readonly holdId: string;
  readonly owner: Customer;
  readonly accountId: string;
}

/** `run` tells the orders of this load from all others. */
export function createOrderBook(
  run: string,
  accounts: readonly ModelAccount[],
  random: () => number,
): OrderBook {
  const orders: Order[] = [];
  const holds: OpenHold[] = [];
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;

  function ofHold(key: string, kind: "capture" | "release"): Order {
    const [hold] = holds.splice(Math.floor(random() * holds.length), 1) as [OpenHold];
    const { owner, accountId, holdId } = hold;
    const path = `/v1/holds/${holdId}/${kind}`;
    const body = kind === "capture" ? {} : undefined;
    return { ...{ key, kind, owner, accountId, path, body }, mark: holdId, given: [] };
  }

  function make(key: string): Order {
    const { accountId, owner, currency } = pick(accounts);
    const [roll, base] = [random(), { key, owner, accountId, mark: key, given: [] }];
    // Now and then more goes out than there is, so that refusals are as true as postings.
    const isLarge = roll >= 0.3 && random() < LARGE;
    const cents = 1 + Math.floor(random() * (isLarge ? LARGE_CENTS : USUAL_CENTS));
    const amount = { value: (cents / 100).toFixed(2), currency };
    const body = { amount, reference: key };
    if (roll < 0.3) {
      return { ...base, kind: "deposit", path: `/v1/accounts/${accountId}/deposits`, body };
    }
    if (roll < 0.4) {
      return { ...base, kind: "withdrawal", path: `/v1/accounts/${accountId}/withdrawals`, body };
    }
    if (roll < 0.5) return { ...base, kind: "hold", path: `/v1/accounts/${accountId}/holds`, body };
    if (roll < 0.57 && holds.length > 0) return ofHold(key, "capture");
    if (roll < 0.62 && holds.length > 0) return ofHold(key, "release");
    const others = accounts.filter((one) => one.currency === currency);
    const to = pick(others.filter((one) => one.accountId !== accountId));
    const transfer = { ...body, fromAccountId: accountId, toAccountId: to.accountId };
    return { ...base, kind: "transfer", path: "/v1/transfers", body: transfer };
  }

  return {
    orders,
    next() {
      const order = make(`${run}-${orders.length}`);
      orders.push(order);
      return order;
    },
    note({ kind, owner, accountId }, { status, text }) {
      if (kind !== "hold" || status !== 201) return;
      const { holdId } = JSON.parse(text) as { holdId: string };
      holds.push({ holdId, owner, accountId });
    },
  };
}
