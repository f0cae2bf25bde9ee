import { FakeBank } from "@countinghouse/testing";
import { afterEach, expect, test } from "vitest";
import { openAudit, type TestAudit } from "./support/audit.ts";

const FAST = { COMPARE_RATE: "1000000" };

let audit: TestAudit | undefined;
afterEach(() => audit?.close());

async function opened(bank: FakeBank): Promise<TestAudit> {
  audit = await openAudit(bank);
  await audit.restart(FAST);
  await audit.checkpointOf(bank.events.length);
  return audit;
}

function bankOf(events: number): FakeBank {
  const bank = new FakeBank();
  bank.fill(events);
  return bank;
}

test("[S45] an old event that is changed in the log is found, though nobody asks", async () => {
  const bank = bankOf(900);
  const { alarm, alarms, relay } = await opened(bank);
  expect(await alarms()).toEqual([]);
  const [log] = relay.logs;
  const changed = bank.events.map((event) => {
    return event.position === 333 ? { ...event, recordedAt: "2026-01-01T00:00:00.000Z" } : event;
  });
  if (log) log.events = changed;
  await alarm("audit_log_differs_total");
});

test("[S45] sealing goes on after that, with what the event was", async () => {
  const bank = bankOf(300);
  const { alarm, checkpointOf, relay } = await opened(bank);
  const [log] = relay.logs;
  if (log)
    log.events = bank.events.map((event, i) => (i === 10 ? { ...event, version: 9 } : event));
  await alarm("audit_log_differs_total");
  bank.fill(320);
  if (log) log.events = [...log.events, ...bank.events.slice(300)];
  expect(await checkpointOf(320)).toMatchObject({ size: 320 });
});

test("what is sealed while it compares raises no alarm", async () => {
  const bank = bankOf(200);
  const { alarms, checkpointOf } = await opened(bank);
  for (let size = 500; size <= 3_500; size += 300) {
    bank.fill(size);
    await checkpointOf(size);
  }
  expect(await alarms()).toEqual([]);
});
