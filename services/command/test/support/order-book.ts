import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { CommandProcesses } from "./command-processes.ts";
import { type Caller, euros, type Told } from "./command-service.ts";
import { faultsOf, readLog } from "./model.ts";

const [RETRY_MS, TRIES_MAX] = [10, 2_000];
const KEPT = [201, 422];
/** Orders that are sent once more at a time. */
const AT_ONCE = 64;

/** A transfer that a client sent, and all answers for good that it was given. */
interface Order {
  readonly key: string;
  readonly body: object;
  readonly given: Told[];
}

/** Clients who send transfers at all instances, and know what they were told. */
export interface OrderBook {
  /** Answers for good by now. */
  count(): number;
  /** Server errors that said something else than to come again. */
  readonly errors: string[];
  /** Stops the clients when each has its answer or, every fourth time, has given up after a cut. */
  stop(): Promise<void>;
  /** Sends every order once more; says what cannot be, if every command happens once. */
  check(): Promise<string[]>;
}

/** Opens accounts with little money and has clients send it round, until they are stopped. */
export async function openBook(
  { owner, as, processes }: CommandProcesses,
  { accounts, clients }: { accounts: number; clients: number },
): Promise<OrderBook> {
  const caller = as("teller");
  const ids = await Promise.all(Array.from({ length: accounts }, () => fund(caller)));
  const before = (await readLog(owner)).length;
  const [orders, errors]: [Order[], string[]] = [[], []];
  let [isOver, answered] = [false, 0];

  /** Sends an order until there is an answer for good; undefined when given up after a cut. */
  async function settle(
    order: Order,
    first: number,
    isPatient: boolean,
  ): Promise<Told | undefined> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const service = (first + tries) % processes.length;
      const told = await caller
        .post("/v1/transfers", order.body, { key: order.key, service })
        .catch(() => undefined);
      if (told !== undefined && KEPT.includes(told.status)) {
        order.given.push(told);
        return told;
      }
      if (told === undefined && !isPatient) return undefined;
      if (told !== undefined && ![409, 503].includes(told.status)) errors.push(told.text);
      await delay(RETRY_MS);
    }
    throw new Error("no answer for good");
  }

  async function client(_: unknown, n: number): Promise<void> {
    for (let i = n; !isOver; i += clients) {
      const [from, to] = [ids[i % accounts], ids[(i * 7 + 1) % accounts]];
      const body = { fromAccountId: from, toAccountId: to, ...euros("0.01") };
      const order = { key: randomUUID(), body, given: [] };
      orders.push(order);
      // Each has an instance of their own, as long as that answers.
      if ((await settle(order, n, orders.length % 4 !== 0)) !== undefined) answered += 1;
    }
  }

  const working = Promise.all(Array.from({ length: clients }, client));
  return {
    errors,
    count: () => answered,
    async stop() {
      isOver = true;
      await working;
    },
    async check() {
      const kept = await keptAnswers(owner, caller.userId);
      const wrong: string[] = [];
      const again = async (order: Order, i: number) => {
        wrong.push(...wrongIn(order, kept.get(order.key), await settle(order, i, true)));
      };
      for (let i = 0; i < orders.length; i += AT_ONCE) {
        await Promise.all(orders.slice(i, i + AT_ONCE).map(again));
      }
      const log = await readLog(owner);
      const moved = orders.filter(({ given }) => given[0]?.status === 201);
      const ids = new Set(moved.map(({ given }) => given[0]?.body.transferId));
      if (ids.size !== moved.length) wrong.push("two orders, one transfer");
      if (log.length !== before + 2 * moved.length) wrong.push("more or less than was answered");
      return [...wrong, ...faultsOf(log)];
    },
  };
}

/** What cannot be of an order, whose answer was in the log or not before it was sent once more. */
function wrongIn({ given }: Order, known: string | undefined, told: Told | undefined): string[] {
  const isReplay = told?.headers.get("idempotency-replayed") === "true";
  return [
    ...(new Set(given.map(({ text }) => text)).size > 1 ? ["answers differ"] : []),
    ...(given.length > 1 && !isReplay ? ["what was acknowledged is not there"] : []),
    ...(isReplay !== (known !== undefined) ? ["done, and not known"] : []),
    ...(known !== undefined && known !== told?.text ? ["another answer is kept"] : []),
  ];
}

async function fund(caller: Caller): Promise<string> {
  const { body } = await caller.post("/v1/accounts", { type: "checking", currency: "EUR" });
  await caller.post(`/v1/accounts/${body.accountId}/deposits`, euros("0.20"));
  return body.accountId;
}

/** The answers in the log, by key. */
async function keptAnswers(owner: pg.Pool, scope: string): Promise<ReadonlyMap<string, string>> {
  const sql = "SELECT key, response::text AS text FROM ledger.idempotency WHERE scope = $1";
  const { rows } = await owner.query(sql, [scope]);
  return new Map(rows.map(({ key, text }) => [key, text]));
}
