import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BankingAccount } from "./support/banking-events.ts";
import { OTHER_OWNER, OWNER } from "./support/fake-log.ts";
import { type Serving, serving } from "./support/service.ts";

const HOUR_MS = 3_600_000;
const euros = (value: string) => ({ value, currency: "EUR" });

let world: Serving;
/** The clock of the service: that of the log and so much more. */
let aheadMs = 0;
beforeAll(async () => {
  const now = () => new Date(world.log.nowMs + aheadMs);
  world = await serving({ now, timeZone: "Europe/Berlin" });
});
afterAll(() => world.end());

async function at<T>(hours: number, ask: () => Promise<T>): Promise<T> {
  aheadMs = hours * HOUR_MS;
  return ask().finally(() => {
    aheadMs = 0;
  });
}

const ending = (hours: number) => new Date(world.log.nowMs + hours * HOUR_MS).toISOString();

test("a hold is over at its time for whoever reads, whatever the log says by then", async () => {
  const account = new BankingAccount(world.log, OWNER, "100.00");
  const expiresAt = ending(1);
  const held = account.hold(4_000n, { expiresAt, reference: "Hotel" });
  const later = account.hold(1_000n, { expiresAt: ending(5) });
  await world.catchUp();
  const look = async () => {
    const one = await world.owner(`/v1/holds/${held.holdId}`);
    const { body } = await world.owner(`/v1/accounts/${account.id}`);
    const listed = await world.owner("/v1/accounts?limit=100");
    const ids = listed.body.items.map(({ accountId }: { accountId: string }) => accountId);
    expect(listed.body.items[ids.indexOf(account.id)]).toEqual(body);
    return [one.body.status, one.body.remaining, body.available, body.balance];
  };
  const active = ["active", euros("40.00"), euros("50.00"), euros("100.00")];
  const over = ["expired", euros("0.00"), euros("90.00"), euros("100.00")];
  expect(await look()).toEqual(active);
  expect(await at(2, look)).toEqual(over);
  world.log.nowMs += 2 * HOUR_MS;
  account.expire();
  await world.catchUp();
  expect(await look()).toEqual(over);
  const list = await world.owner(`/v1/accounts/${account.id}/holds`);
  const statuses = list.body.items.map((hold: { holdId: string; status: string }) => {
    return [hold.holdId, hold.status];
  });
  expect(new Map(statuses)).toEqual(
    new Map([
      [held.holdId, "expired"],
      [later.holdId, "active"],
    ]),
  );
  expect((await world.owner(`/v1/holds/${held.holdId}`)).body).toEqual({
    ...{ holdId: held.holdId, accountId: account.id, amount: euros("40.00"), status: "expired" },
    ...{ captured: euros("0.00"), remaining: euros("0.00"), expiresAt, reference: "Hotel" },
  });
});

test("a hold shows what was captured of it, and what is left while it is active", async () => {
  const account = new BankingAccount(world.log, OWNER, "100.00");
  const held = account.hold(4_000n);
  account.capture(held, 1_000n, false);
  await world.catchUp();
  const path = `/v1/holds/${held.holdId}`;
  const part = { status: "active", captured: euros("10.00"), remaining: euros("30.00") };
  expect((await world.owner(path)).body).toMatchObject(part);
  account.capture(held, 500n);
  await world.catchUp();
  const all = { status: "captured", captured: euros("15.00"), remaining: euros("0.00") };
  expect((await world.owner(path)).body).toMatchObject(all);
  const { body } = await world.owner(`/v1/accounts/${account.id}/transactions?type=capture`);
  expect(body.items.map(({ amount }: { amount: unknown }) => amount)).toEqual([
    euros("5.00"),
    euros("10.00"),
  ]);
});

test("[S48] what is used of limits is that of the bank's day and month", async () => {
  const account = new BankingAccount(world.log, OWNER, "100.00");
  account.withdraw(1_000n);
  const held = account.hold(500n, { expiresAt: ending(1) });
  account.hold(200n);
  await world.catchUp();
  const used = async () => {
    const { body } = await world.owner(`/v1/accounts/${account.id}/limits`);
    return [body.usedToday.value, body.usedThisMonth.value];
  };
  expect(await used()).toEqual(["17.00", "17.00"]);
  // The hold that is over counts no more, before the log says so and after.
  expect(await at(2, used)).toEqual(["12.00", "12.00"]);
  account.release(held);
  await world.catchUp();
  expect(await used()).toEqual(["12.00", "12.00"]);
  expect(await at(24, used)).toEqual(["0.00", "12.00"]);
  expect(await at(24 * 31, used)).toEqual(["0.00", "0.00"]);
});

test("limits in force are shown, and the overdraft is available", async () => {
  const account = new BankingAccount(world.log, OWNER, "1.00");
  const limits = {
    ...{ dailyOutgoing: euros("5.00"), overdraft: euros("9.00") },
    channels: { card: { perTransaction: euros("2.00") } },
  };
  const proposalId = account.propose(limits);
  await world.catchUp();
  const path = `/v1/accounts/${account.id}`;
  const use = { usedToday: euros("0.00"), usedThisMonth: euros("0.00") };
  const none = { ...use, timeZone: "Europe/Berlin" };
  expect((await world.owner(`${path}/limits`)).body).toEqual(none);
  account.judge(proposalId, "approve");
  await world.catchUp();
  expect((await world.owner(`${path}/limits`)).body).toEqual({ ...limits, ...none });
  expect((await world.owner(path)).body.available).toEqual(euros("10.00"));
});

test("[S63] proposals are for those who decide on them, newest first or by status", async () => {
  const account = new BankingAccount(world.log, OWNER, "1.00");
  const limits = { perTransaction: euros("1.00") };
  const [open, done] = [account.propose(limits), account.propose(limits)];
  account.judge(done, "approve");
  await world.catchUp();
  const list = async (query: string) => {
    const { body } = await world.teller(`/v1/proposals${query}`);
    return body.items.filter((item: { accountId: string }) => item.accountId === account.id);
  };
  const ids = (items: { proposalId: string }[]) => items.map(({ proposalId }) => proposalId);
  expect(ids(await list("?limit=100")).toSorted()).toEqual([open, done].toSorted());
  expect(ids(await list("?status=open&limit=100"))).toEqual([open]);
  const [approved] = await list("?status=approved&limit=100");
  expect(approved).toMatchObject({ proposalId: done, kind: "limits", limits, status: "approved" });
  expect((await world.owner("/v1/proposals")).status).toBe(403);
});

test("[S52] cards are listed for their owner, page by page, and show their last step", async () => {
  const account = new BankingAccount(world.log, OWNER, "1.00");
  const cards = [account.card(), account.card("activate"), account.card("activate", "freeze")];
  const foreign = new BankingAccount(world.log, OTHER_OWNER, "1.00").card();
  await world.catchUp();
  const found: string[] = [];
  for (let cursor = ""; cursor !== null; ) {
    const { body } = await world.owner(`/v1/cards?limit=2${cursor && `&cursor=${cursor}`}`);
    found.push(...body.items.map(({ cardId }: { cardId: string }) => cardId));
    cursor = body.nextCursor;
  }
  expect(found.toSorted()).toEqual(cards.toSorted());
  const last = await world.owner(`/v1/cards/${cards[2]}`);
  expect(last.body).toEqual({
    ...{ cardId: cards[2], accountId: account.id, last4: "4242", brand: "visa" },
    ...{ expiry: "2039-11", status: "frozen", version: 8 },
  });
  expect((await world.owner(`/v1/cards/${foreign}`)).status).toBe(404);
});

test("[S14] another's hold is not found, like one that nobody placed", async () => {
  const held = new BankingAccount(world.log, OTHER_OWNER, "1.00").hold(1n);
  await world.catchUp();
  for (const id of [held.holdId, randomUUID()]) {
    expect((await world.owner(`/v1/holds/${id}`)).status).toBe(404);
  }
});
