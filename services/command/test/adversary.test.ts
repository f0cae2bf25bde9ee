import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { EventStore, LogSession } from "@countinghouse/event-store";
import { createRandom } from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Worker } from "../src/worker.ts";
import { type Answer, type Instances, openInstances } from "./support/instances.ts";
import {
  eventsOf,
  faultsOf,
  type Histories,
  historiesOf,
  isTrue,
  type Order,
  occurrenceEvents,
  occurrenceFaults,
  readLog,
} from "./support/model.ts";
import { OrderMaker } from "./support/orders.ts";

const SEED = Number(process.env.ADVERSARY_SEED ?? randomInt(2 ** 31));
const [CLIENTS, ORDERS_EACH, INSTANCES] = [20, 12, 2];
const TRIES_MAX = 400;
const [RETRY_MOST_MS, CUT_EVERY_MS] = [40, 60];
/** How often the log takes an append and nobody hears of it, or loses it before it is taken. */
const [LOST_ANSWER, LOST_APPEND] = [0.06, 0.06];

let isQuiet = true;
let bank: Instances;
/** The newest version of each account that an answer has named. */
const newest = new Map<string, number>();
/** Answers that were decided on what was known to be the past when they were asked for. */
const stale: { order: Order; answer: Answer; floor: number }[] = [];
/** Every answer that was given for good, by the key of its order. */
const answers = new Map<string, { order: Order; given: Answer[] }>();

const random = createRandom(SEED);
const maker = new OrderMaker(random);
const { accounts, schedules } = maker;
const chance = (part: number) => maker.chance(part);
const pick = <T>(list: readonly T[]) => maker.pick(list);
/** Events that were in the log before the first order. */
let before = 0;

beforeAll(async () => {
  bank = await openInstances(INSTANCES, withLosses);
  for (const ledger of [1, 1, 1, 2, 2]) {
    const body = { type: "checking", currency: "EUR", ledger };
    const { accountId } = await ask("/v1/accounts", body);
    accounts.push(accountId);
    await addCard(accountId);
  }
  before = (await readLog(bank.owner)).length;
});
afterAll(() => bank.close());

async function ask(path: string, body: object) {
  const order: Order = { key: randomUUID(), kind: "open", path, body, accountId: "", cents: 0 };
  return JSON.parse((await bank.post(0, order)).text);
}

async function addCard(accountId: string): Promise<void> {
  const path = `/v1/accounts/${accountId}/cards`;
  const body = { cardNumber: "4242424242424242", expiry: "2039-11", holderName: "Ada" };
  const order: Order = { key: randomUUID(), kind: "register", path, body, accountId, cents: 0 };
  const answer = await bank.post(0, order);
  maker.note(order, answer);
  await ask(`/v1/cards/${JSON.parse(answer.text).cardId}/activate`, {});
}

test(`what was answered is what happened, whatever is cut (ADVERSARY_SEED=${SEED})`, async () => {
  const isOver = new AbortController();
  const cutting = cutUntil(isOver.signal);
  const looking = bank.schedulers.map((scheduler) => lookUntil(scheduler, isOver.signal));
  isQuiet = false;
  await Promise.all(Array.from({ length: CLIENTS }, client)).finally(() => isOver.abort());
  await Promise.all(looking);
  isQuiet = true;
  expect(await cutting).toBeGreaterThan(0);
  const orders = [...answers.values()].map(({ order }) => order);
  await Promise.all(orders.map((order) => settle(order)));
  await lookTillDone();

  const events = await readLog(bank.owner);
  expect(faultsOf(events)).toEqual([]);
  const done = [...answers.values()].map(({ order, given }) => {
    return given[0] === undefined ? 0 : eventsOf(order, given[0]);
  });
  const sum = done.reduce((total, count) => total + count, before + occurrenceEvents(events));
  expect(events.length).toBe(sum);
  expect(occurrenceFaults(events, schedules)).toEqual([]);
  const histories = historiesOf(events);
  expect([...answers.values()].flatMap((one) => wrongIn(one, histories))).toEqual([]);
  expect(stale).toEqual([]);
  expect(await staleStates(histories)).toEqual([]);
});

/** What one order was told that cannot be. */
function wrongIn({ order, given }: { order: Order; given: Answer[] }, histories: Histories) {
  const [first] = given;
  const texts = new Set(given.map(({ text, token }) => `${text} ${token}`));
  const isFirst = given.filter(({ isReplay }) => !isReplay).length;
  return [
    ...(texts.size === 1 ? [] : [{ order, given, why: "answers differ" }]),
    ...(isFirst <= 1 ? [] : [{ order, given, why: "was done more than once" }]),
    ...(given.at(-1)?.isReplay ? [] : [{ order, given, why: "the answer was not kept" }]),
    ...(first !== undefined && isTrue(order, first, histories, bank.tokens)
      ? []
      : [{ order, given, why: "not true of the account" }]),
  ];
}

/** Accounts whose cached state is not the fold of their events. */
async function staleStates(histories: Histories): Promise<unknown[]> {
  const { rows } = await bank.owner.query(
    `SELECT stream_id AS id, version, state FROM ledger.streams WHERE category = 'account'`,
  );
  return rows.filter(({ id, version, state }) => {
    const history = histories.get(id) ?? [];
    const last = history.at(-1);
    const isSame = String(last?.cents) === state.balance;
    const isFrozen = state.status === "frozen";
    return version !== history.length - 1 || !isSame || isFrozen !== last?.isFrozen;
  });
}

async function client(): Promise<void> {
  for (let i = 0; i < ORDERS_EACH; i += 1) {
    const before = [...answers.values()];
    if (before.length > 0 && chance(0.15)) await settle(pick(before).order);
    else if (before.length > 0 && chance(0.08)) await reuse(pick(before).order);
    else if (chance(0.06)) await useTwice();
    else if (chance(0.15)) await together(maker.anOrder());
    else await settle(maker.anOrder());
  }
}

/** The same order at every instance at once. */
async function together(order: Order): Promise<void> {
  const instances = Array.from({ length: INSTANCES }, (_, i) => i);
  await Promise.all(instances.map((instance) => settle(order, instance)));
}

/** Another order with a key that has its answer, by whose key it is. */
async function reuse({ key, as = "teller" }: Order): Promise<void> {
  const order = maker.deposit(pick(accounts), key);
  const body = { ...order.body, reference: "not what the key was used for" };
  const { code } = await untilAnswered({ ...order, as, body });
  expect(code).toBe("idempotency_key_reused");
}

/** Two orders with one key at once, in two ledgers: one of them is carried out. */
async function useTwice(): Promise<void> {
  const key = randomUUID();
  const pair = [accounts[0], accounts.at(-1)].map((id) => maker.deposit(id as string, key));
  const told = await Promise.all(pair.map((order, i) => untilAnswered(order, i)));
  const codes = told.map(({ code }) => code).toSorted();
  expect(codes).toEqual(["idempotency_key_reused", undefined]);
  for (const [i, answer] of told.entries()) {
    if (answer.code === undefined) note(pair[i] as Order, answer);
  }
}

async function settle(order: Order, instance?: number): Promise<void> {
  note(order, await untilAnswered(order, instance));
}

function note(order: Order, answer: Answer): void {
  const known = answers.get(order.key) ?? { order, given: [] };
  answers.set(order.key, known);
  known.given.push(answer);
  maker.note(order, answer);
}

/** Sends an order, at random instances unless one is named, until it is answered for good. */
async function untilAnswered(order: Order, instance?: number): Promise<Answer> {
  const floor = newest.get(order.accountId) ?? 0;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const at = instance ?? Math.floor(random() * INSTANCES);
    const answer = await bank.post(at, order);
    if (answer.status !== 503 && answer.status !== 409) {
      expect([200, 201, 202, 404, 422]).toContain(answer.status);
      watch(order, answer, floor);
      return answer;
    }
    await delay(random() * RETRY_MOST_MS);
  }
  throw new Error("an order was never answered");
}

/** What one caller has been told is known to whoever asks afterwards. */
function watch(order: Order, answer: Answer, floor: number): void {
  if (answer.token === "") return;
  for (const seen of bank.tokens.read(answer.token)) {
    if (seen.kind !== "version") continue;
    const { accountId, version } = seen;
    const isOwn = accountId === order.accountId && !answer.isReplay;
    if (isOwn && version < floor) stale.push({ order, answer, floor });
    newest.set(accountId, Math.max(version, newest.get(accountId) ?? 0));
  }
}

/** Two schedulers at once, of which neither knows of the other. */
async function lookUntil(scheduler: Worker, isOver: AbortSignal): Promise<void> {
  while (!isOver.aborted) {
    await scheduler.look().catch(() => undefined);
    await delay(random() * CUT_EVERY_MS);
  }
}

async function lookTillDone(): Promise<void> {
  const [scheduler] = bank.schedulers;
  await expect
    .poll(
      async () => {
        await scheduler?.look();
        return occurrenceFaults(await readLog(bank.owner), schedules);
      },
      { timeout: 10_000 },
    )
    .toEqual([]);
}

/** Ends connections, mostly those at work, one or more at a time, and says how many. */
async function cutUntil(isOver: AbortSignal): Promise<number> {
  let cuts = 0;
  while (!isOver.aborted) {
    cuts += await bank.cut(chance(0.1) ? 20 : 1);
    await delay(random() * 2 * CUT_EVERY_MS);
  }
  return cuts;
}

/** Loses appends on their way there, and answers on their way back. */
function withLosses(store: EventStore): EventStore {
  const lost = () => Object.assign(new Error("lost"), { code: "ECONNRESET" });
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!isQuiet && chance(LOST_APPEND)) throw lost();
    const result = await work();
    if (!isQuiet && chance(LOST_ANSWER)) throw lost();
    return result;
  };
  return {
    ...store,
    append: (decisions) => around(() => store.append(decisions)),
    locked: (ledgers, work) => {
      const inside = (session: LogSession) =>
        work({
          ...session,
          append: (decisions) => around(() => session.append(decisions)),
        });
      return around(() => store.locked(ledgers, inside));
    },
  };
}
