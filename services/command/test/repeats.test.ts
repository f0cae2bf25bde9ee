import { randomUUID } from "node:crypto";
import { type EventStore, KeyTakenError } from "@countinghouse/event-store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { euros } from "./support/command-service.ts";
import { type Bench, openBench } from "./support/in-process.ts";

const AT_ONCE = 20;

/** Keys that another instance answers, one whenever this one looks, just before it does. */
let ahead: string[] = [];
let bench: Bench;
beforeAll(async () => {
  bench = await openBench((store) => ({ ...store, append: (list) => append(store, list) }));
});
afterAll(() => bench.close());

const append: (store: EventStore, ...args: Parameters<EventStore["append"]>) => Promise<void> =
  async (store, decisions) => {
    const next = ahead.shift();
    const taken = decisions.filter(({ answer }) => answer.key === next);
    if (taken.length === 0) return store.append(decisions);
    const [first] = taken;
    if (first === undefined) return;
    // What the other instance did was refused there: only its answer is in the log.
    await store.append([{ ...first, changes: [], reads: [] }]);
    throw new KeyTakenError("by the other instance");
  };

test("a batch in which every try finds one more repeat is answered to the last", async () => {
  const opened = await bench.post("/v1/accounts", { type: "checking", currency: "EUR" });
  const keys = Array.from({ length: AT_ONCE }, () => randomUUID());
  const path = `/v1/accounts/${opened.body.accountId}/deposits`;
  const idle = bench.post(path, euros("1.00"));
  const sent = keys.map((key) => bench.post(path, euros("1.00"), key));
  ahead = keys.slice(0, AT_ONCE - 1);
  const statuses = (await Promise.all([idle, ...sent])).map(({ status }) => status);
  expect(statuses).toEqual(Array(AT_ONCE + 1).fill(201));
});
