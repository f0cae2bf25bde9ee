import { randomUUID } from "node:crypto";
import type { EventStore } from "@countinghouse/event-store";
import { ProblemError } from "@countinghouse/service-kit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { euros } from "./support/command-service.ts";
import { type Bench, openBench } from "./support/in-process.ts";

let bench: Bench;
let appends = 0;
let isAuthAway = false;
beforeAll(async () => {
  const watched = (store: EventStore): EventStore => ({
    ...store,
    append(decisions) {
      appends += 1;
      return store.append(decisions);
    },
  });
  bench = await openBench(watched, { userExists });
});
afterAll(() => bench.close());

async function userExists(): Promise<boolean> {
  if (isAuthAway) throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
  return true;
}

test("[S42] an account opened for another is answered again while auth is away", async () => {
  const [key, body] = [randomUUID(), { type: "checking", currency: "EUR", ownerId: randomUUID() }];
  const first = await bench.post("/v1/accounts", body, key);
  expect(first.status).toBe(201);
  isAuthAway = true;
  const again = await bench.post("/v1/accounts", body, key);
  expect([again.status, again.body]).toEqual([201, first.body]);
  expect(again.headers["idempotency-replayed"]).toBe("true");
  const other = await bench.post("/v1/accounts", { ...body, ownerId: randomUUID() }, key);
  expect([other.status, other.body.errors[0].path]).toEqual([422, "/ownerId"]);
  expect((await bench.post("/v1/accounts", body)).status).toBe(503);
  isAuthAway = false;
});

test("repeats cost those who come with them no append that fails", async () => {
  const opened = await bench.post("/v1/accounts", { type: "checking", currency: "EUR" });
  const path = `/v1/accounts/${opened.body.accountId}/deposits`;
  const keys = Array.from({ length: 50 }, () => randomUUID());
  const pay = (key: string) => bench.post(path, euros("1.00"), key);
  await Promise.all(keys.map(pay));
  appends = 0;
  const again = await Promise.all([...keys, randomUUID()].map(pay));
  expect(again.map(({ status }) => status)).toEqual(Array(51).fill(201));
  expect(again.filter(({ headers }) => headers["idempotency-replayed"])).toHaveLength(50);
  expect(appends).toBe(1);
});
