import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EventSubscription, subscribeLog } from "../src/index.ts";
import { createEventMaker } from "./support/events.ts";
import { createHandler, quiet, type TestHandler } from "./support/handler.ts";
import { type LogServer, startLogServer } from "./support/log-server.ts";
import { subscriptionContract } from "./support/subscription-contract.ts";

subscriptionContract("the log over HTTP", async () => {
  const server = await startLogServer();
  const maker = createEventMaker();
  server.add(1, []);
  return {
    async append(streamId, count) {
      const events = maker.next(streamId, count);
      server.add(1, events);
      return events;
    },
    subscribe: (handler) => subscribeLog({ ...server, ...options(handler) }),
    close: () => server.close(),
  };
});

function options(handler: TestHandler) {
  return { store: handler, onBatch: handler.onBatch, logger: quiet };
}

let server: LogServer;
let subscription: EventSubscription;
let handler: TestHandler;

beforeEach(async () => {
  server = await startLogServer();
  handler = createHandler();
  subscription = subscribeLog({ ...server, ...options(handler) });
});
afterEach(async () => {
  await subscription.stop();
  await server.close();
});

const arrived = (count: number) => {
  return expect.poll(() => handler.events.length, { timeout: 10_000 }).toBe(count);
};

test("a cut connection is opened again after the last batch that was stored", async () => {
  const [maker, stream] = [createEventMaker(), randomUUID()];
  server.add(1, maker.next(stream, 3));
  subscription.run();
  await arrived(3);
  server.end("cut");
  server.add(1, maker.next(stream, 2));
  await arrived(5);
  server.end("finish");
  server.add(1, maker.next(stream, 1));
  await arrived(6);
  expect(server.asked.map(({ after }) => after)).toEqual([0, 3, 5]);
  expect(handler.events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each([
  ["half a line before a cut", '{"position":2,"eve'],
  ["a line that is no JSON", "position 2\n"],
  ["a position left out", '{"position":4}\n'],
  ["a position that was there", '{"position":1}\n'],
])("%s is not delivered, and what is there is asked for again", async (_, text) => {
  const [maker, stream] = [createEventMaker(), randomUUID()];
  server.add(1, maker.next(stream, 1));
  subscription.run();
  await arrived(1);
  server.inject(text);
  if (!text.endsWith("\n")) server.end("cut");
  await expect.poll(() => server.asked.length).toBe(2);
  server.add(1, maker.next(stream, 1));
  await arrived(2);
  expect(handler.events.map(({ version }) => version)).toEqual([1, 2]);
  expect(server.asked.at(-1)).toEqual({ ledger: 1, after: 1 });
});

test("a character cut in two by the network is whole in the event", async () => {
  const [maker, stream] = [createEventMaker(), randomUUID()];
  server.add(1, []);
  subscription.run();
  await expect.poll(() => server.asked.length).toBe(1);
  const bytes = Buffer.from(`${JSON.stringify(maker.next(stream, 1)[0])}\n`);
  const middle = bytes.indexOf(Buffer.from("Ü")) + 1;
  server.inject(bytes.subarray(0, middle) as never);
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.inject(bytes.subarray(middle) as never);
  await arrived(1);
  expect(handler.events[0]?.data).toMatchObject({ reference: 'Übung "1"\n€' });
});

test("refusals are waited out", async () => {
  server.refuse(3);
  server.add(1, createEventMaker().next(randomUUID(), 2));
  subscription.run();
  await arrived(2);
  expect(server.asked.length).toBe(4);
});

test("every ledger is a source of its own, also one that is new", { timeout: 15_000 }, async () => {
  server.add(1, createEventMaker(1).next(randomUUID(), 2));
  subscription.run();
  await arrived(2);
  server.add(5, createEventMaker(5).next(randomUUID(), 3));
  await arrived(5);
  expect(handler.positions).toEqual(
    new Map([
      ["log:1", 2n],
      ["log:5", 3n],
    ]),
  );
});

test("a list of ledgers that cannot be had is asked for again", async () => {
  await subscription.stop();
  let failures = 2;
  subscription = subscribeLog({
    ...server,
    ...options(handler),
    listLedgers() {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error("away")) : server.listLedgers();
    },
  });
  server.add(1, createEventMaker().next(randomUUID(), 1));
  subscription.run();
  await arrived(1);
});

test("what arrived while a batch was handled is the next batch", async () => {
  const [maker, stream] = [createEventMaker(), randomUUID()];
  const release = Promise.withResolvers<void>();
  const sizes: number[] = [];
  handler.before = ({ events }) => {
    sizes.push(events.length);
    return sizes.length === 1 ? release.promise : undefined;
  };
  server.add(1, maker.next(stream, 1));
  subscription.run();
  await expect.poll(() => sizes.length).toBe(1);
  for (let i = 0; i < 50; i += 1) server.add(1, maker.next(stream, 1));
  await new Promise((resolve) => setTimeout(resolve, 100));
  release.resolve();
  await arrived(51);
  expect(sizes).toEqual([1, 50]);
});
