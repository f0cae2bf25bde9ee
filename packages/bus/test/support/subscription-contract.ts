import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Envelope } from "@countinghouse/contracts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { EventSubscription } from "../../src/index.ts";
import { createHandler, type TestHandler, versionsByStream } from "./handler.ts";

/** A place to publish events to, fresh for each test, and the adapter under test. */
export interface Bench {
  append(streamId: string, count: number): Promise<readonly Envelope[]>;
  subscribe(handler: TestHandler): EventSubscription;
  close(): Promise<void>;
}

const WITHIN = { timeout: 15_000, interval: 10 };
/** Longer than a subscription takes for what it has at hand. */
const A_WHILE_MS = 400;

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

interface Running {
  bench(): Bench;
  follow(handler: TestHandler): EventSubscription;
}

/** What every subscription keeps, whatever it is made of. */
export function subscriptionContract(name: string, openBench: () => Promise<Bench>): void {
  describe(`${name}: the contract of subscriptions`, { timeout: 30_000 }, () => {
    let bench: Bench;
    const subscriptions = new Set<EventSubscription>();

    beforeAll(async () => {
      bench = await openBench();
    });
    afterEach(async () => {
      for (const subscription of subscriptions) await subscription.stop();
      subscriptions.clear();
      await bench.close();
      bench = await openBench();
    });
    afterAll(() => bench.close());

    const running: Running = {
      bench: () => bench,
      follow(handler) {
        const subscription = bench.subscribe(handler);
        subscription.run();
        subscriptions.add(subscription);
        return subscription;
      },
    };
    whatArrives(running);
    whatComesAgain(running);
    whatIsNotTaken(running);
    howItEnds(running);
  });
}

async function arrived(handler: TestHandler, count: number): Promise<void> {
  await expect.poll(() => handler.events.length, WITHIN).toBeGreaterThanOrEqual(count);
}

function whatArrives({ bench, follow }: Running): void {
  test("everything arrives, as it was, in the order of each stream", async () => {
    const streams = upTo(7).map(() => randomUUID());
    const appended: Envelope[] = [];
    for (const stream of [...streams, ...streams, ...streams]) {
      appended.push(...(await bench().append(stream, 11)));
    }
    const handler = createHandler();
    follow(handler);
    await arrived(handler, appended.length);
    const byPosition = [...handler.events].sort((a, b) => a.position - b.position);
    expect(byPosition.map((event) => JSON.stringify(event))).toEqual(
      appended.map((event) => JSON.stringify(event)),
    );
    for (const versions of versionsByStream(handler.events).values()) {
      expect(versions).toEqual(upTo(33));
    }
  });

  test("what happens while it follows arrives, too", async () => {
    const [stream, handler] = [randomUUID(), createHandler()];
    await bench().append(stream, 1);
    follow(handler);
    for (const count of upTo(5)) {
      await arrived(handler, count);
      await bench().append(stream, 1);
    }
    await arrived(handler, 6);
    expect(handler.events.map(({ version }) => version)).toEqual(upTo(6));
  });

  test("more events than one batch holds come in several, without a gap", async () => {
    const [stream, handler] = [randomUUID(), createHandler()];
    const sizes: number[] = [];
    handler.before = ({ events }) => void sizes.push(events.length);
    for (let i = 0; i < 6; i += 1) await bench().append(stream, 500);
    follow(handler);
    await arrived(handler, 3_000);
    expect(handler.events.map(({ version }) => version)).toEqual(upTo(3_000));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
  });
}

function whatComesAgain({ bench, follow }: Running): void {
  test("who comes back gets what is new and nothing again", async () => {
    const [stream, other, handler] = [randomUUID(), randomUUID(), createHandler()];
    for (const visit of upTo(3)) {
      await bench().append(stream, 5);
      await bench().append(other, 5);
      const subscription = follow(handler);
      await arrived(handler, visit * 10);
      await subscription.stop();
    }
    expect(versionsByStream(handler.events).get(stream)).toEqual(upTo(15));
    expect(versionsByStream(handler.events).get(other)).toEqual(upTo(15));
  });

  test("what was handled but not stored comes again, and only that", async () => {
    const stream = randomUUID();
    await bench().append(stream, 4);
    const first = createHandler();
    const subscription = follow(first);
    await arrived(first, 4);
    const stored = new Map(first.positions);
    await bench().append(stream, 3);
    await arrived(first, 7);
    await subscription.stop();
    const second = createHandler(stored);
    follow(second);
    await arrived(second, 3);
    await pause(A_WHILE_MS);
    expect(second.events.map(({ version }) => version)).toEqual([5, 6, 7]);
  });
}

function whatIsNotTaken({ bench, follow }: Running): void {
  test("a handler that rejects gets the same events again, and none is skipped", async () => {
    const [stream, handler] = [randomUUID(), createHandler()];
    const refused: unknown[] = [];
    handler.before = ({ events }) => {
      if (refused.length >= 3) return;
      refused.push(events[0]?.version);
      throw new Error("the database is away");
    };
    await bench().append(stream, 20);
    follow(handler);
    await arrived(handler, 20);
    await bench().append(stream, 1);
    await arrived(handler, 21);
    expect(refused).toEqual([1, 1, 1]);
    expect(handler.events.map(({ version }) => version)).toEqual(upTo(21));
  });

  test("a store that cannot say where to begin delivers nothing until it can", async () => {
    const [stream, handler] = [randomUUID(), createHandler()];
    await bench().append(stream, 3);
    const { position } = handler;
    let isAway = true;
    handler.position = (source) => {
      return isAway ? Promise.reject(new Error("away")) : position(source);
    };
    follow(handler);
    await pause(A_WHILE_MS);
    expect(handler.calls).toBe(0);
    isAway = false;
    await arrived(handler, 3);
    expect(handler.events.map(({ version }) => version)).toEqual(upTo(3));
  });
}

function howItEnds({ bench, follow }: Running): void {
  test("stop waits for the batch at hand, and nothing comes after it", async () => {
    const [stream, handler] = [randomUUID(), createHandler()];
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    handler.before = () => {
      entered.resolve();
      return release.promise;
    };
    await bench().append(stream, 5);
    const subscription = follow(handler);
    await entered.promise;
    let isStopped = false;
    const stopped = subscription.stop().then(() => {
      isStopped = true;
    });
    await pause(A_WHILE_MS);
    expect(isStopped).toBe(false);
    release.resolve();
    await stopped;
    const { calls } = handler;
    expect(handler.events.length).toBeGreaterThan(0);
    await bench().append(stream, 5);
    await pause(A_WHILE_MS);
    expect(handler.calls).toBe(calls);
  });

  test("stop does not wait for a handler that always rejects", async () => {
    const [stream, handler] = [randomUUID(), createHandler()];
    handler.before = () => Promise.reject(new Error("away"));
    await bench().append(stream, 5);
    const subscription = follow(handler);
    await expect.poll(() => handler.calls, WITHIN).toBeGreaterThan(0);
    await subscription.stop();
    const { calls } = handler;
    await pause(A_WHILE_MS);
    expect(handler.calls).toBe(calls);
    expect(handler.positions.size).toBe(0);
  });

  test("stop at once after run is no failure, and a second stop is none", async () => {
    const handler = createHandler();
    const subscription = follow(handler);
    await subscription.stop();
    await subscription.stop();
    expect(handler.calls).toBe(0);
  });

  test("it runs only once", async () => {
    const subscription = follow(createHandler());
    expect(() => subscription.run()).toThrow();
  });
}
