import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCardMask } from "../src/card-mask.ts";
import { readCardNumber } from "../src/card-number.ts";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  openServices,
} from "./support/command-service.ts";

const NUMBER = "4242424242424242";
const body = { cardNumber: NUMBER, expiry: "2039-11", holderName: "Ada Canary-Tester" };

let bank: CommandServices;
let owner: Caller;
beforeAll(async () => {
  bank = await openServices();
  owner = bank.as("customer");
});
afterAll(() => bank.close());

async function aCard(holder = owner): Promise<{ accountId: string; card: string }> {
  const accountId = await anAccount(holder, "100.00");
  const answer = await holder.post(`/v1/accounts/${accountId}/cards`, body);
  expect(answer.status).toBe(201);
  return { accountId, card: `/v1/cards/${answer.body.cardId}` };
}

describe("a card's number", () => {
  const NUMBERS: [number: string, brand: string | undefined][] = [
    ["4242424242424242", "visa"],
    ["5555555555554444", "mastercard"],
    ["378282246310005", "american-express"],
    ["4242424242424241", undefined],
    ["4242424242424224", undefined],
    ["42424242424242", undefined],
    ["3782822463100050", undefined],
    ["9999999999999995", undefined],
    ["6200000000000004", undefined],
  ];

  test.each(NUMBERS)("[S51] %s is of the brand %s", (number, brand) => {
    expect(readCardNumber(number)?.brand).toBe(brand);
  });

  test("[S50] is nowhere in the log's database, however the command ended", async () => {
    const accountId = await anAccount(owner);
    const path = `/v1/accounts/${accountId}/cards`;
    const key = randomUUID();
    const first = await owner.post(path, body, { key });
    expect(first.body).toMatchObject({ last4: "4242", brand: "visa", status: "inactive" });
    await owner.post(path, { ...body, expiry: "2020-01" });
    await owner.post(`/v1/accounts/${randomUUID()}/cards`, body);
    const { rows } = await bank.owner.query(
      `SELECT string_agg(e::text, '') AS text FROM ledger.events e
       UNION ALL SELECT string_agg(i::text, '') FROM ledger.idempotency i
       UNION ALL SELECT string_agg(s::text, '') FROM ledger.streams s`,
    );
    const text = rows.map((row) => row.text).join("");
    expect(text).toContain(accountId);
    expect(text).not.toContain(NUMBER);
    expect(text).not.toContain("Canary");
    expect(text).not.toContain(NUMBER.slice(0, 12));
  });

  test("[S50] tells one request with a key from another all the same", async () => {
    const accountId = await anAccount(owner);
    const path = `/v1/accounts/${accountId}/cards`;
    const key = randomUUID();
    const first = await owner.post(path, body, { key });
    const again = await owner.post(path, body, { key });
    expect([again.text, again.headers.get("idempotency-replayed")]).toEqual([first.text, "true"]);
    const other = await owner.post(path, { ...body, cardNumber: "5555555555554444" }, { key });
    expect(other.body).toMatchObject({ code: "idempotency_key_reused" });
    expect(other.body.errors).toMatchObject([{ path: "/cardNumber" }]);
    const renamed = await owner.post(path, { ...body, holderName: "Bob" }, { key });
    expect(renamed.body.errors).toMatchObject([{ path: "/holderName" }]);
  });

  test("[S50] is masked by the last digits and two bytes that depend on the request", () => {
    const mask = createCardMask(randomBytes(32));
    expect(mask.number(NUMBER, "a")).toMatch(/^4242 [0-9a-f]{4}$/);
    expect(mask.number(NUMBER, "a")).toBe(mask.number(NUMBER, "a"));
    const masks = new Set(Array.from({ length: 40 }, (_, i) => mask.number(NUMBER, String(i))));
    expect(masks.size).toBeGreaterThan(30);
  });

  const BAD: [what: string, change: object, path: string][] = [
    ["a wrong check digit", { cardNumber: "4242424242424241" }, "/cardNumber"],
    ["letters", { cardNumber: "4242x2424242424" }, "/cardNumber"],
    ["a security code", { cvv: "737" }, "/cvv"],
    ["a PIN", { pin: "1234" }, "/pin"],
    ["a track", { track2: "4242424242424242=3911" }, "/track2"],
    ["its number for a name", { [NUMBER]: "x" }, "/…"],
  ];

  test.each(BAD)("[S51] [S62] with %s is refused and not repeated", async (_, change, path) => {
    const accountId = await anAccount(owner);
    const answer = await owner.post(`/v1/accounts/${accountId}/cards`, { ...body, ...change });
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ path }]);
    expect(answer.text).not.toContain("42424242");
  });
});

describe("where a second factor is on", () => {
  test("[S53] activation needs a code, and a repeat has its answer all the same", async () => {
    const holder = bank.as("customer");
    bank.codes.set(holder.userId, ["111111"]);
    const { card } = await aCard(holder);
    const without = await holder.post(`${card}/activate`);
    expect(without.body).toMatchObject({ status: 422, code: "otp_required" });
    const wrong = await holder.post(`${card}/activate`, { otp: "999999" });
    expect(wrong.body).toMatchObject({ status: 422, code: "invalid_otp" });
    const key = randomUUID();
    const first = await holder.post(`${card}/activate`, { otp: "111111" }, { key });
    expect(first.body).toMatchObject({ status: "active" });
    const again = await holder.post(`${card}/activate`, { otp: "111111" }, { key });
    expect([again.text, again.status]).toEqual([first.text, 200]);
    await holder.post(`${card}/freeze`);
    const used = await holder.post(`${card}/unfreeze`, { otp: "111111" });
    expect(used.body.code).toBe("invalid_otp");
    const kept = await bank.owner.query("SELECT request::text FROM ledger.idempotency");
    expect(kept.rows.map(({ request }) => request).join("")).not.toMatch(/"(111111|999999)"/);
  });

  test("[S14] another's card is not found, whatever code comes along", async () => {
    const { card } = await aCard();
    const mallory = bank.as("customer");
    bank.codes.set(mallory.userId, ["222222"]);
    const answer = await mallory.post(`${card}/activate`, { otp: "222222" });
    expect(answer.status).toBe(404);
  });
});

test("[S43] of 64 steps of one card at once each status has one who left it", async () => {
  const { accountId, card } = await aCard();
  const verbs = ["activate", "freeze", "unfreeze", "cancel"];
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, i) => owner.post(`${card}/${verbs[i % verbs.length]}`)),
  );
  const done = answers.filter(({ status }) => status === 200).map(({ body: { status } }) => status);
  const { rows } = await bank.owner.query(
    "SELECT type FROM ledger.events WHERE stream_id = $1 AND type LIKE 'Card%' ORDER BY version",
    [accountId],
  );
  expect(rows).toHaveLength(done.length + 1);
  expect(rows.at(-1)?.type).toBe("CardCancelled");
  const teller = bank.as("teller");
  const declined = await teller.post(`${card}/authorizations`, { ...euros("1.00"), merchant: "m" });
  expect(declined.body.code).toBe("card_cancelled");
});
