import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  eventCount,
  openServices,
  type Told,
} from "./support/command-service.ts";
import { blocked, cutConnections, holdHead } from "./support/faults.ts";

/** Longer than it takes until a key that is held up is known everywhere. */
const KNOWN_MS = 400;

let bank: CommandServices;
let caller: Caller;
let [id, path] = ["", ""];
beforeAll(async () => {
  bank = await openServices(3);
  caller = bank.as("customer");
});
afterAll(() => bank.close());
beforeEach(async () => {
  id = await anAccount(caller);
  path = `/v1/accounts/${id}/deposits`;
});

const pay = (key: string, service: number, value = "1.00") => {
  return caller.post(path, euros(value), { key, service });
};

function expectInFlight({ status, body, headers }: Told): void {
  expect([status, body.code]).toEqual([409, "idempotency_key_in_flight"]);
  expect(headers.get("retry-after")).toBe("1");
}

/** Whether an answer is still to come after a time in which a 409 would have come. */
async function isWaiting(answer: Promise<Told>): Promise<boolean> {
  const later = new Promise<true>((done) => setTimeout(done, KNOWN_MS, true));
  return (await Promise.race([answer, later])) === true;
}

test("[S42] a key whose command still runs at another instance is told to wait", async () => {
  const key = randomUUID();
  const before = await eventCount(bank);
  const release = await holdHead(bank.owner);
  const first = pay(key, 0);
  await expect.poll(() => blocked(bank.owner)).toBe(1);
  expectInFlight(await pay(key, 1));
  // Nor is it looked at what the other request wants: that the key is in use is all there is yet.
  expectInFlight(await pay(key, 2, "2.00"));
  await release();
  const done = await first;
  expect([done.status, done.headers.get("idempotency-replayed")]).toEqual([201, null]);
  for (const service of [0, 1, 2]) {
    const again = async () => {
      const { status, text, headers } = await pay(key, service);
      return [status, text, headers.get("idempotency-replayed")];
    };
    // The instance that told it to wait may still be about to find out.
    await expect.poll(again).toEqual([201, done.text, "true"]);
  }
  expect((await pay(key, 1, "2.00")).body.code).toBe("idempotency_key_reused");
  expect(await eventCount(bank)).toBe(before + 1);
});

test("whoever has a key of their own waits for the same log and is served", async () => {
  const release = await holdHead(bank.owner);
  const sent = [pay(randomUUID(), 0), pay(randomUUID(), 0), pay(randomUUID(), 1)];
  // The same key of another caller is another key.
  const other = bank.as("teller");
  const key = randomUUID();
  sent.push(pay(key, 2), other.post(path, euros("1.00"), { key, service: 0 }));
  expect(await isWaiting(Promise.race(sent))).toBe(true);
  await release();
  const statuses = (await Promise.all(sent)).map(({ status }) => status);
  expect(statuses).toEqual(Array(5).fill(201));
});

test("a key is free again once its command has failed, however long that took", async () => {
  const key = randomUUID();
  const release = await holdHead(bank.owner);
  const first = pay(key, 0);
  await expect.poll(() => blocked(bank.owner)).toBe(1);
  expectInFlight(await pay(key, 1));
  await cutConnections(bank.databases);
  expect((await first).status).toBe(503);
  await release();
  await expect.poll(async () => (await pay(key, 2)).status).toBe(201);
  expect((await pay(randomUUID(), 2)).body.version).toBe(3);
});
