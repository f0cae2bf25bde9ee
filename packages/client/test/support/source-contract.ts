import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type BankEvent,
  type Envelope,
  type EventSource,
  memoryStore,
  StopAccountError,
  type StoppedAccount,
  type SubscribeOptions,
  type Subscription,
  subscribe,
} from "@countinghouse/client";
import { type Catalogue, EVENTS } from "@countinghouse/contracts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { subscribeWith } from "../../src/subscribe.ts";
import { createEventMaker, type EventMaker } from "./events.ts";

/** A source of its own for each test, and the way to put events into it. */
export interface Bench {
  readonly from: EventSource;
  readonly topics: readonly string[];
  append(events: readonly Envelope[]): Promise<void> | void;
  /** Has the log know events that were left out of the source. */
  remember(events: readonly Envelope[]): void;
  close(): Promise<void>;
}

const WITHIN = { timeout: 20_000, interval: 10 };
/** Longer than a source takes for what it has at hand. */
const A_WHILE_MS = 400;
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let bench: Bench;
let maker: EventMaker;
let [seen, stops]: [BankEvent[], StoppedAccount[]] = [[], []];
const subscriptions = new Set<Subscription>();

/** What a subscription keeps, wherever its events come from. */
export function sourceContract(name: string, openBench: () => Promise<Bench>): void {
  describe(`${name}: the contract of sources`, { timeout: 30_000 }, () => {
    beforeEach(async () => {
      bench = await openBench();
      maker = createEventMaker();
      [seen, stops] = [[], []];
    });
    afterEach(async () => {
      for (const subscription of subscriptions) await subscription.stop();
      subscriptions.clear();
      await bench.close();
    });
    whatArrives();
    whatStopsAnAccount();
    whatIsNotUnderstood();
    howItGoesOn();
  });
}

function follow(
  change: Partial<SubscribeOptions<undefined>> = {},
  catalogue: Catalogue = EVENTS,
): Subscription {
  const { from, topics } = bench;
  const options = {
    ...{ from, topics, store: memoryStore(), logger: quiet },
    onEvent: (event: BankEvent) => void seen.push(event),
    onStopped: (stopped: StoppedAccount) => void stops.push(stopped),
    ...change,
  };
  const subscription =
    catalogue === EVENTS ? subscribe(options) : subscribeWith(options, catalogue);
  subscriptions.add(subscription);
  return subscription;
}

function versionsOf(accountId: string): number[] {
  return seen.filter(({ streamId }) => streamId === accountId).map(({ version }) => version);
}

async function arrived(accountId: string, count: number): Promise<void> {
  await expect.poll(() => versionsOf(accountId), WITHIN).toEqual(upTo(count));
}

function whatArrives(): void {
  test("every event comes once, as it was, those of an account in their order", async () => {
    const accounts = upTo(5).map(() => randomUUID());
    const events = [...accounts, ...accounts, ...accounts].flatMap((id) => maker.next(id, 7));
    await bench.append(events.slice(0, 60));
    const subscription = follow();
    await bench.append(events.slice(60));
    for (const account of accounts) await arrived(account, 21);
    expect(seen.length).toBe(105);
    expect(seen.sort((a, b) => a.position - b.position)).toEqual(events);
    expect(subscription.counts()).toEqual({ applied: 105, repeated: 0, waiting: 0 });
  });

  test("repeats are dropped and counted", async () => {
    const account = randomUUID();
    const events = maker.next(account, 4);
    await bench.append(events);
    await bench.append(events.slice(1).map(maker.again));
    await bench.append(maker.next(account, 1));
    const subscription = follow();
    await arrived(account, 5);
    expect(subscription.counts()).toEqual({ applied: 5, repeated: 3, waiting: 0 });
  });
}

function whatStopsAnAccount(): void {
  test("a gap stops its account, is reported, and the others go on", async () => {
    const [broken, whole] = [randomUUID(), randomUUID()];
    await bench.append(maker.next(broken, 2));
    maker.skip(broken, 2);
    await bench.append([...maker.next(broken, 3), ...maker.next(whole, 3)]);
    const subscription = follow();
    await arrived(whole, 3);
    await expect.poll(() => stops.length, WITHIN).toBe(1);
    await bench.append([...maker.next(broken, 1), ...maker.next(whole, 1)]);
    await arrived(whole, 4);
    const stop = { accountId: broken, version: 2, at: 5, reason: "gap", ledger: 1 };
    expect(stops).toMatchObject([stop]);
    expect(await subscription.stopped()).toEqual(stops);
    expect(versionsOf(broken)).toEqual([1, 2]);
    await expect.poll(() => subscription.counts().waiting, WITHIN).toBe(3);
  });

  test("an event that is refused stops its account there, and only there", async () => {
    const [refused, other] = [randomUUID(), randomUUID()];
    await bench.append([...maker.next(refused, 4), ...maker.next(other, 3)]);
    const done: string[] = [];
    const subscription = follow({
      onEvent(event) {
        if (event.streamId === refused && event.version === 3) {
          throw new StopAccountError("over my limit");
        }
        done.push(`${event.streamId} ${event.version}`);
      },
    });
    await expect.poll(() => subscription.counts().applied, WITHIN).toBe(5);
    expect(stops).toMatchObject([{ accountId: refused, at: 3, reason: "refused" }]);
    expect(stops[0]?.detail).toBe("over my limit");
    expect(done).not.toContain(`${refused} 4`);
  });

  test("a stopped account that is released gets what it lacks, once, and goes on", async () => {
    const account = randomUUID();
    await bench.append(maker.next(account, 2));
    const lost = maker.skip(account, 5);
    await bench.append(maker.next(account, 2));
    const subscription = follow();
    await expect.poll(() => stops.length, WITHIN).toBe(1);
    // Between the last that came before them and the first that came after.
    bench.remember(lost.map((event) => ({ ...event, position: 2 + event.version / 1_000 })));
    expect(await subscription.release(account.toUpperCase())).toBe(true);
    await arrived(account, 9);
    expect(await subscription.stopped()).toEqual([]);
    await bench.append(maker.next(account, 1));
    await arrived(account, 10);
  });

  test("an account whose events nobody has stops again when it is released", async () => {
    const account = randomUUID();
    await bench.append(maker.next(account, 1));
    maker.skip(account, 1);
    await bench.append(maker.next(account, 1));
    const subscription = follow();
    await expect.poll(() => stops.length, WITHIN).toBe(1);
    bench.remember(maker.next(account, 1));
    expect(await subscription.release(account)).toBe(false);
    expect(await subscription.stopped()).toMatchObject([{ accountId: account, reason: "gap" }]);
    expect(versionsOf(account)).toEqual([1]);
  });
}

function whatIsNotUnderstood(): void {
  const strange: [what: string, change: Partial<Envelope>, reason: string][] = [
    ["of a type to come", { type: "MoneyPrinted" }, "unknown_type"],
    ["of a version to come", { schemaVersion: 2 }, "unknown_version"],
    ["of another shape", { data: { amount: 1 } }, "wrong_shape"],
  ];
  test.each(strange)("an event %s stops its account", async (_, change, reason) => {
    const [account, other] = [randomUUID(), randomUUID()];
    await bench.append(maker.next(account, 1));
    await bench.append([...maker.next(account, 1, change), ...maker.next(other, 1)]);
    follow();
    await arrived(other, 1);
    await expect.poll(() => stops, WITHIN).toMatchObject([{ accountId: account, at: 2, reason }]);
    expect(versionsOf(account)).toEqual([1]);
  });

  test("who takes unknown types gets them in their place", async () => {
    const account = randomUUID();
    await bench.append(maker.next(account, 1));
    await bench.append(maker.next(account, 1, { type: "MoneyPrinted" }));
    await bench.append(maker.next(account, 1));
    const order: string[] = [];
    follow({
      onEvent: ({ type }) => void order.push(type),
      onUnknown: ({ type }) => void order.push(type),
    });
    await expect
      .poll(() => order, WITHIN)
      .toEqual(["AccountOpened", "MoneyPrinted", "MoneyDeposited"]);
    expect(stops).toEqual([]);
  });

  test("an old version that is planted comes as the newest", async () => {
    const account = randomUUID();
    await bench.append(maker.next(account, 2));
    const [newest] = EVENTS.MoneyDeposited.versions;
    const upcasters = [(data: object) => ({ ...data, reference: "made up" })];
    const versions = [newest, newest] as const;
    const deposited = { ...EVENTS.MoneyDeposited, versions, upcasters };
    follow({}, { ...EVENTS, MoneyDeposited: deposited });
    await arrived(account, 2);
    expect(seen[1]).toMatchObject({ schemaVersion: 2, data: { reference: "made up" } });
  });
}

function howItGoesOn(): void {
  test("who comes back gets what is new and nothing again", async () => {
    const [account, store] = [randomUUID(), memoryStore()];
    for (const visit of upTo(3)) {
      await bench.append(maker.next(account, 4));
      const subscription = follow({ store });
      await arrived(account, visit * 4);
      await subscription.stop();
      expect(subscription.counts().applied).toBe(4);
    }
  });

  test("what was not committed comes again, from its first event", async () => {
    const account = randomUUID();
    await bench.append(maker.next(account, 3));
    const tries: number[] = [];
    const subscription = follow({
      onEvent({ version }) {
        tries.push(version);
        if (version === 2 && tries.length < 5) throw new Error("the database is away");
      },
    });
    await expect.poll(() => subscription.counts().applied, WITHIN).toBe(3);
    expect(tries).toEqual([1, 2, 1, 2, 1, 2, 3]);
    expect(stops).toEqual([]);
  });

  test("stop waits for the event at hand, and none comes after it", async () => {
    const account = randomUUID();
    await bench.append(maker.next(account, 1));
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    let calls = 0;
    const subscription = follow({
      onEvent() {
        calls += 1;
        entered.resolve();
        return leave.promise;
      },
    });
    await entered.promise;
    let isStopped = false;
    const stopped = subscription.stop().then(() => {
      isStopped = true;
    });
    await pause(A_WHILE_MS);
    expect(isStopped).toBe(false);
    leave.resolve();
    await stopped;
    await bench.append(maker.next(account, 2));
    await pause(A_WHILE_MS);
    expect(calls).toBe(1);
    await expect(subscription.release(account)).rejects.toThrow();
  });
}
