import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, type Customer, newCustomer } from "./customer.ts";
import { createOrderBook, KEPT, type ModelAccount, type Order } from "./orders.ts";

/** People, and accounts of each: the last one in dollars, the others in euros. */
const [CUSTOMERS, ACCOUNTS_EACH] = [5, 4];
const FUNDS = "500.00";
/** A client rests so long at most between two things it does. */
const REST_MOST_MS = 120;
const RETRY_MS = 150;
/** Parts of what clients do: repeat, look, and look at what they have just done, give up. */
const [REPEATS, LOOKS, READS, GIVES_UP] = [0.1, 0.1, 0.2, 0.15];
/** Orders that are settled at once at the end. */
const AT_ONCE = 16;
const SETTLE_WITHIN_MS = 45_000;
/** Statuses that say to come again. */
const PASSING = new Set([401, 409, 429, 503]);

/** What the load has seen by now; each list is of sentences, and should be empty. */
export interface Seen {
  /** Commands that the bank has acknowledged, 2xx. */
  acknowledged: number;
  /** Requests that got no answer for good. */
  unanswered: number;
  /** Reads answered, and those that were told to come again. */
  reads: number;
  readsRefused: number;
  /** Answers that nobody should get: 500, say. */
  readonly strange: string[];
  /** Answers to the same key that differ. */
  readonly different: string[];
  /** Reads that did not show what had been acknowledged. */
  readonly stale: string[];
}

/** Clients who move money about, repeat themselves and look, until they are stopped. */
export interface Load {
  readonly seen: Seen;
  readonly orders: readonly Order[];
  readonly accounts: readonly ModelAccount[];
  readonly customers: readonly Customer[];
  begin(): void;
  /** Stops the clients; what has no answer for good stays without. */
  pause(): Promise<void>;
  /** Sends all that have no answer again, until they have; gives the keys of those without. */
  settle(): Promise<string[]>;
}

/** Makes people and accounts with money in them. */
export async function openLoad(url: string, clients: number, random: () => number): Promise<Load> {
  const customers: Customer[] = [];
  for (let i = 0; i < CUSTOMERS; i += 1) customers.push(await newCustomer(url));
  const accounts = await Promise.all(customers.flatMap(accountsOf));
  return new RunningLoad(customers, accounts, clients, random);
}

function accountsOf(owner: Customer): Promise<ModelAccount>[] {
  return Array.from({ length: ACCOUNTS_EACH }, async (_, i): Promise<ModelAccount> => {
    const currency = i === ACCOUNTS_EACH - 1 ? "USD" : "EUR";
    const { accountId } = await done(owner, "/v1/accounts", { type: "checking", currency });
    const amount = { value: FUNDS, currency };
    await done(owner, `/v1/accounts/${accountId}/deposits`, { amount });
    return { accountId: String(accountId), owner, currency };
  });
}

async function done(owner: Customer, path: string, body: object): Promise<{ accountId?: string }> {
  const answer = await owner.command(path, body, randomUUID());
  if (answer?.status !== 201) throw new Error(`${path} answered ${answer?.text}`);
  return JSON.parse(answer.text);
}

class RunningLoad implements Load {
  readonly seen: Seen = {
    ...{ acknowledged: 0, unanswered: 0, reads: 0, readsRefused: 0 },
    ...{ strange: [], different: [], stale: [] },
  };
  readonly customers: readonly Customer[];
  readonly accounts: readonly ModelAccount[];
  readonly #book: ReturnType<typeof createOrderBook>;
  readonly #clients: number;
  readonly #random: () => number;
  readonly #answered: Order[] = [];
  #isOver = true;
  #working: Promise<unknown> = Promise.resolve();

  constructor(
    customers: readonly Customer[],
    accounts: readonly ModelAccount[],
    clients: number,
    random: () => number,
  ) {
    this.customers = customers;
    this.accounts = accounts;
    this.#book = createOrderBook(randomBytes(4).toString("hex"), accounts, random);
    this.#clients = clients;
    this.#random = random;
  }

  get orders(): readonly Order[] {
    return this.#book.orders;
  }

  begin(): void {
    this.#isOver = false;
    this.#working = Promise.all(Array.from({ length: this.#clients }, () => this.#client()));
  }

  async pause(): Promise<void> {
    this.#isOver = true;
    await this.#working;
  }

  async settle(): Promise<string[]> {
    const until = Date.now() + SETTLE_WITHIN_MS;
    const open = this.orders.filter(({ given }) => given.length === 0);
    const left: string[] = [];
    const work = async () => {
      for (let order = open.pop(); order !== undefined; order = open.pop()) {
        while (Date.now() < until && !(await this.#send(order))) await delay(RETRY_MS);
        if (order.given.length === 0) left.push(order.key);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return left;
  }

  async #client(): Promise<void> {
    while (!this.#isOver) {
      const roll = this.#random();
      const before = this.#answered[Math.floor(this.#random() * this.#answered.length)];
      const [answer] = before?.given ?? [];
      if (before !== undefined && roll < REPEATS) await this.#send(before);
      else if (before !== undefined && answer !== undefined && roll < REPEATS + LOOKS) {
        await this.#read(before, answer);
      } else await this.#carryOut(this.#book.next());
      await delay(this.#random() * REST_MOST_MS);
    }
  }

  /** Sends an order until it is answered, or gives it up for now. */
  async #carryOut(order: Order): Promise<void> {
    while (!this.#isOver && !(await this.#send(order))) {
      if (this.#random() < GIVES_UP) return;
      await delay(RETRY_MS);
    }
    const [answer] = order.given;
    if (answer?.status === 201 && this.#random() < READS) await this.#read(order, answer);
  }

  /** Whether there was an answer for good. */
  async #send(order: Order): Promise<boolean> {
    const { owner, path, body, key, given } = order;
    const answer = await owner.command(path, body, key);
    if (answer === undefined || !KEPT.has(answer.status)) {
      this.seen.unanswered += 1;
      if (answer !== undefined) this.#judge(answer, `${order.kind} ${key}`);
      return false;
    }
    const [first] = given;
    given.push(answer);
    if (first === undefined) {
      if (answer.status < 300) this.seen.acknowledged += 1;
      this.#answered.push(order);
      this.#book.note(order, answer);
    } else if (first.text !== answer.text || first.token !== answer.token || !answer.isReplay) {
      this.seen.different.push(`${key}: ${first.text} and then ${answer.text}`);
    }
    return true;
  }

  async #read({ owner, accountId, key }: Order, acknowledged: Answer): Promise<void> {
    const answer = await owner.get(`/v1/accounts/${accountId}`, acknowledged.token);
    if (answer?.status !== 200) {
      this.seen.readsRefused += 1;
      if (answer !== undefined) this.#judge(answer, `read ${accountId}`);
      return;
    }
    this.seen.reads += 1;
    const least = acknowledged.status < 300 ? versionIn(acknowledged.text) : 0;
    const { version } = JSON.parse(answer.text) as { version: number };
    if (version < least) this.seen.stale.push(`${key}: ${version} was read after ${least}`);
  }

  #judge({ status, text }: Answer, what: string): void {
    if (!PASSING.has(status)) this.seen.strange.push(`${what}: ${status} ${text}`);
  }
}

function versionIn(text: string): number {
  const body = JSON.parse(text) as { version?: number; from?: { version: number } };
  return body.version ?? body.from?.version ?? 0;
}
