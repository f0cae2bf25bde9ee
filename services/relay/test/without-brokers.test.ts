import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedger, type Ledger } from "./support/ledger.ts";
import { eventsIn, relayEnv, startRelay } from "./support/relay.ts";

let ledger: Ledger;

beforeAll(async () => {
  ledger = await createLedger();
});
afterAll(() => ledger.close());

test("a relay without its brokers serves the log, is not ready, and ends at once", async () => {
  const env = { ...relayEnv(ledger.relayUrl), KAFKA_BROKERS: "127.0.0.1:1" };
  const relay = await startRelay(env);
  const account = await ledger.open();
  expect(await eventsIn(await relay.read(`stream=${account}`))).toHaveLength(1);
  expect((await fetch(`${relay.internalUrl}/readyz`)).status).toBe(503);
  expect((await fetch(`${relay.internalUrl}/livez`)).status).toBe(200);
  const begun = performance.now();
  await relay.close();
  expect(performance.now() - begun).toBeLessThan(2_500);
});

test("a relay that is told of no brokers is ready without them", async () => {
  const relay = await startRelay(relayEnv(ledger.relayUrl));
  expect((await fetch(`${relay.internalUrl}/readyz`)).status).toBe(200);
  await relay.close();
});

test.each(["localhost", "localhost:9092,", "kafka://localhost:9092", "a b:1"])(
  "KAFKA_BROKERS %s ends the start",
  async (brokers) => {
    const env = { ...relayEnv(ledger.relayUrl), KAFKA_BROKERS: brokers };
    await expect(startRelay(env)).rejects.toMatchObject({ code: "config_invalid" });
  },
);
