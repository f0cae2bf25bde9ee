import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { EventStore, LogSession } from "@countinghouse/event-store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, type Instances, openInstances } from "./support/instances.ts";
import {
  eventsOf,
  faultsOf,
  type Histories,
  historiesOf,
  isTrue,
  type Order,
  readLog,
} from "./support/model.ts";

const SEED = Number(process.env.ADVERSARY_SEED ?? randomInt(2 ** 31));
const [CLIENTS, ORDERS_EACH, INSTANCES] = [20, 12, 2];
/** Few enough that most of them are reversed before long, and asked for again. */
const REVERSED_MOST = 10;
const TRIES_MAX = 400;
const [RETRY_MOST_MS, CUT_EVERY_MS] = [40, 60];
/** How often the log takes an append and nobody hears of it, or loses it before it is taken. */
const [LOST_ANSWER, LOST_APPEND] = [0.06, 0.06];

let isQuiet = true;
let bank: Instances;
const accounts: string[] = [];
const transfers: { transferId: string; order: Order; to: string }[] = [];
const holds: { holdId: string; accountId: string }[] = [];
/** The newest version of each account that an answer has named. */
const newest = new Map<string, number>();
/** Answers that were decided on what was known to be the past when they were asked for. */
const stale: { order: Order; answer: Answer; floor: number }[] = [];
/** Every answer that was given for good, by the key of its order. */
const answers = new Map<string, { order: Order; given: Answer[] }>();

const random = generator(SEED);
const chance = (part: number) => random() < part;
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

beforeAll(async () => {
  bank = await openInstances(INSTANCES, withLosses);
  for (const ledger of [1, 1, 1, 2, 2]) {
    const body = { type: "checking", currency: "EUR", ledger };
    const { text } = await bank.post(0, "/v1/accounts", body, randomUUID());
    accounts.push(JSON.parse(text).accountId);
  }
});
afterAll(() => bank.close());

test(`what was answered is what happened, whatever is cut (ADVERSARY_SEED=${SEED})`, async () => {
  const isOver = new AbortController();
  const cutting = cutUntil(isOver.signal);
  isQuiet = false;
  await Promise.all(Array.from({ length: CLIENTS }, client)).finally(() => isOver.abort());
  isQuiet = true;
  expect(await cutting).toBeGreaterThan(0);
  const orders = [...answers.values()].map(({ order }) => order);
  await Promise.all(orders.map((order) => settle(order)));

  const events = await readLog(bank.owner);
  expect(faultsOf(events)).toEqual([]);
  const done = [...answers.values()].map(({ order, given }) => {
    return given[0] === undefined ? 0 : eventsOf(order, given[0]);
  });
  const sum = done.reduce((total, count) => total + count, accounts.length);
  expect(events.length).toBe(sum);
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
    else if (chance(0.15)) await together(anOrder());
    else await settle(anOrder());
  }
}

/** The same order at every instance at once. */
async function together(order: Order): Promise<void> {
  const instances = Array.from({ length: INSTANCES }, (_, i) => i);
  await Promise.all(instances.map((instance) => settle(order, instance)));
}

/** Another order with a key that has its answer. */
async function reuse({ key }: Order): Promise<void> {
  const order = deposit(pick(accounts), key);
  const body = { ...order.body, reference: "not what the key was used for" };
  const { code } = await untilAnswered({ ...order, body });
  expect(code).toBe("idempotency_key_reused");
}

/** Two orders with one key at once, in two ledgers: one of them is carried out. */
async function useTwice(): Promise<void> {
  const key = randomUUID();
  const pair = [accounts[0], accounts.at(-1)].map((id) => deposit(id as string, key));
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
  if (answer.status !== 201) return;
  const { accountId } = order;
  if (order.kind === "hold") holds.push({ holdId: JSON.parse(answer.text).holdId, accountId });
  if (order.kind !== "transfer") return;
  const { transferId, to } = JSON.parse(answer.text);
  transfers.push({ transferId, order, to: to.accountId });
}

/** Sends an order, at random instances unless one is named, until it is answered for good. */
async function untilAnswered(order: Order, instance?: number): Promise<Answer> {
  const floor = newest.get(order.accountId) ?? 0;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const at = instance ?? Math.floor(random() * INSTANCES);
    const answer = await bank.post(at, order.path, order.body, order.key);
    if (answer.status !== 503 && answer.status !== 409) {
      expect([200, 201, 404, 422]).toContain(answer.status);
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

function anOrder(): Order {
  const [key, accountId, cents] = [randomUUID(), pick(accounts), 1 + Math.floor(random() * 2_000)];
  const roll = random();
  if (roll < 0.3) return deposit(accountId, key);
  const money = { amount: { value: (cents / 100).toFixed(2), currency: "EUR" } };
  if (roll < 0.5) {
    const path = `/v1/accounts/${accountId}/withdrawals`;
    return { key, kind: "withdrawal", path, body: money, accountId, cents };
  }
  if (roll < 0.6 && transfers.length > 0) return aReversal(key);
  if (roll < 0.68) {
    const kind = chance(0.3) ? "freeze" : "unfreeze";
    const path = `/v1/accounts/${accountId}/${kind}`;
    return { key, kind, path, body: { reason: "why" }, accountId, cents: 0 };
  }
  if (roll < 0.85) return aroundHolds(key, accountId, cents, money);
  const toAccountId = pick(accounts.filter((id) => id !== accountId));
  const body = { fromAccountId: accountId, toAccountId, ...money };
  return { key, kind: "transfer", path: "/v1/transfers", body, accountId, cents };
}

/** A hold, or what ends one of the last few: several clients want the same one. */
function aroundHolds(key: string, accountId: string, cents: number, body: object): Order {
  if (holds.length === 0 || chance(0.4)) {
    return { key, kind: "hold", path: `/v1/accounts/${accountId}/holds`, body, accountId, cents };
  }
  const hold = pick(holds.slice(-REVERSED_MOST));
  const path = `/v1/holds/${hold.holdId}`;
  if (chance(0.3)) {
    return { key, kind: "release", path: `${path}/release`, body: {}, cents: 0, ...hold };
  }
  const part = { ...body, final: chance(0.5) };
  return { key, kind: "capture", path: `${path}/capture`, body: part, cents, ...hold };
}

/** Of a transfer; or a command on its id as if that were an account. */
function aReversal(key: string): Order {
  const { transferId, order, to } = pick(transfers.slice(0, REVERSED_MOST));
  if (chance(0.3)) return { ...deposit(transferId, key), accountId: transferId };
  const path = `/v1/transfers/${transferId}/reversal`;
  const { cents } = order;
  return { key, kind: "reversal", path, body: { reason: "why" }, accountId: to, cents };
}

function deposit(accountId: string, key: string): Order {
  const cents = 1 + Math.floor(random() * 1_000);
  const body = { amount: { value: (cents / 100).toFixed(2), currency: "EUR" } };
  return {
    key,
    kind: "deposit",
    path: `/v1/accounts/${accountId}/deposits`,
    body,
    accountId,
    cents,
  };
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

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
