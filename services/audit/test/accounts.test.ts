import type { Envelope } from "@countinghouse/contracts";
import { BANK_OWNER, FakeBank } from "@countinghouse/testing";
import { canonicalJson, parseVerifierKey, verifyTlogProof } from "@countinghouse/transparency";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAudit, type TestAudit } from "./support/audit.ts";

const MANY = 2_500;
const bank = new FakeBank();
const second = new FakeBank(2);
const ada = bank.open({ name: "Ada's" });
const bob = bank.open({ ownerId: "22222222-2222-4222-8222-222222222222" });
bank.deposit(ada, 10_000, "rent");
bank.reverse(bank.transfer(ada, bob, 2_500));
bank.freeze(ada);
bank.fill(600);
const busy = bank.open();
for (let i = 0; i < MANY; i += 1) bank.deposit(busy, 1);
const elsewhere = second.open({ currency: "JPY" });
second.deposit(elsewhere, 7);

let audit: TestAudit;
beforeAll(async () => {
  audit = await openAudit(bank, second);
  await audit.checkpointOf(bank.events.length);
});
afterAll(() => audit.close());

const eventsOf = (id: string) => {
  return [...bank.events, ...second.events].filter(({ streamId }) => streamId === id);
};
const refold = (id: string, at?: string) => {
  const search = at === undefined ? "" : `?at=${encodeURIComponent(at)}`;
  return audit.auditor(`/v1/audit/accounts/${id}${search}`);
};

test("[S45] an account is folded from its events, to the shape that is read", async () => {
  const { body } = await refold(ada);
  const events = eventsOf(ada);
  expect(body.events).toEqual(events);
  expect(body.account).toEqual({
    ...{ accountId: ada, ownerId: BANK_OWNER, type: "checking", name: "Ada's", currency: "EUR" },
    ...{ status: "frozen", version: 5 },
    balance: { value: "100.00", currency: "EUR" },
    available: { value: "100.00", currency: "EUR" },
    openedAt: events.at(0)?.recordedAt,
    updatedAt: events.at(-1)?.recordedAt,
  });
});

test("[S45] at a version, and at the moment of any of its events", async () => {
  const balances = ["0.00", "100.00", "75.00", "100.00", "100.00"];
  const events = eventsOf(ada);
  for (const [i, value] of balances.entries()) {
    const byVersion = await refold(ada, String(i + 1));
    expect(byVersion.body.account).toMatchObject({ balance: { value }, version: i + 1 });
    const byMoment = await refold(ada, events[i]?.recordedAt);
    expect(byMoment.body).toEqual(byVersion.body);
  }
});

test("an account of another ledger is found by its id", async () => {
  const { body } = await refold(elsewhere);
  expect(body.account.balance).toEqual({ value: "7", currency: "JPY" });
  expect((await audit.auditor(`/v1/audit/accounts/${elsewhere}?ledger=1`)).status).toBe(404);
});

test("an account with more events than are kept in memory comes whole", async () => {
  const { body } = await refold(busy);
  expect(body.account.version).toBe(MANY + 1);
  expect(body.events).toEqual(eventsOf(busy));
  const { body: earlier } = await refold(busy, "2000");
  expect(earlier.events).toHaveLength(2_000);
});

const transferStream = bank.events.find(({ type }) => type === "TransferReversed")?.streamId;

test.each([
  ["a version that is not yet", () => refold(ada, "6"), 404],
  ["a moment before opening", () => refold(ada, "2020-01-01T00:00:00.000Z"), 404],
  ["a moment to come", () => refold(ada, "2999-01-01T00:00:00.000Z"), 400],
  ["version 0", () => refold(ada, "0"), 400],
  ["no moment", () => refold(ada, "yesterday"), 400],
  ["nothing", () => refold(ada, ""), 400],
  ["a stream that is no account", () => refold(transferStream ?? ""), 404],
  ["an id of nobody", () => refold("99999999-9999-4999-8999-999999999999"), 404],
  ["no id", () => refold("4711"), 404],
])("%s answers as it should", async (_, ask, status) => {
  expect((await ask()).status).toBe(status);
});

const transactionOf = (event: Envelope | undefined) => {
  return (event?.data as { transactionId: string } | undefined)?.transactionId ?? "";
};
const receipt = (get: TestAudit["auditor"], id: string, transactionId: string) => {
  return get(`/v1/accounts/${id}/transactions/${transactionId}/receipt`);
};

test("[S45] a customer gets a receipt that verifies with nothing but itself", async () => {
  const owner = audit.as(BANK_OWNER, "customer");
  const all = [...eventsOf(ada).slice(1, 4), ...eventsOf(busy).slice(-1)];
  for (const event of all) {
    const { body } = await receipt(owner, event.streamId, transactionOf(event));
    expect(body.format).toBe("countinghouse-receipt/v1");
    expect(body.event).toEqual(event);
    const key = parseVerifierKey(body.verifierKey);
    const entry = Buffer.from(canonicalJson(body.event));
    expect(verifyTlogProof(body.proof, entry, [key])?.size).toBe(bank.events.length);
    const altered = {
      ...event,
      data: { ...event.data, amount: { value: "9.00", currency: "EUR" } },
    };
    const forged = Buffer.from(canonicalJson(altered));
    expect(verifyTlogProof(body.proof, forged, [key])).toBeUndefined();
  }
});

test("a receipt waits for the checkpoint that covers its event", async () => {
  const world = new FakeBank();
  const id = world.open();
  const other = await openAudit(world);
  try {
    await other.checkpointOf(1);
    world.deposit(id, 1);
    const { body } = await receipt(other.auditor, id, transactionOf(world.events[1]));
    expect(body.event).toEqual(world.events[1]);
  } finally {
    await other.close();
  }
});

test("[S14] a receipt of another's account answers as one of none", async () => {
  const stranger = audit.as("22222222-2222-4222-8222-222222222222", "customer");
  const transactionId = transactionOf(eventsOf(ada)[1]);
  const theirs = await receipt(stranger, ada, transactionId);
  const nobodys = await receipt(stranger, "99999999-9999-4999-8999-999999999999", transactionId);
  expect([theirs.status, nobodys.status]).toEqual([404, 404]);
  const { instance: _, ...seen } = theirs.body;
  expect(nobodys.body).toMatchObject(seen);
  const teller = audit.as("22222222-2222-4222-8222-222222222222", "teller");
  expect((await receipt(teller, ada, transactionId)).status).toBe(200);
});

test("there is no receipt of a transaction of another account, or of none", async () => {
  const owner = audit.as(BANK_OWNER, "customer");
  const others = transactionOf(eventsOf(bob)[1]);
  expect((await receipt(owner, ada, others)).status).toBe(404);
  expect((await receipt(owner, ada, "99999999-9999-4999-8999-999999999999")).status).toBe(404);
  expect((await receipt(owner, ada, "019ab5f0-7c3e-7001-a2b4-5f6e7d8c9b0a")).status).toBe(404);
});
