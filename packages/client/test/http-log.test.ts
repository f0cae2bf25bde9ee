import { randomUUID } from "node:crypto";
import {
  BankRefusedError,
  httpLog,
  memoryStore,
  passwordToken,
  subscribe,
  TOPICS,
} from "@countinghouse/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStubBank, type StubBank } from "./support/bank.ts";
import { createEventMaker } from "./support/events.ts";
import { quiet, sourceContract } from "./support/source-contract.ts";

const WITHIN = { timeout: 15_000, interval: 10 };

sourceContract("the log over HTTP", async () => {
  const bank = await openStubBank();
  return {
    ...bank,
    topics: [TOPICS.accountEvents],
    from: httpLog({ ...bank, token: tokenOf(bank) }),
  };
});

function tokenOf({ url, password }: Pick<StubBank, "url" | "password">) {
  return passwordToken({ url, email: "auditor@example.com", password });
}

describe("the log over HTTP", () => {
  let bank: StubBank;
  beforeEach(async () => {
    bank = await openStubBank();
  });
  afterEach(() => bank.close());

  function follow(onEvent: () => void = () => undefined) {
    const from = httpLog({ url: bank.url, token: tokenOf(bank) });
    return subscribe({ from, store: memoryStore(), onEvent, logger: quiet });
  }

  test("a cut answer is asked for again after the last event that is stored", async () => {
    const [maker, account] = [createEventMaker(), randomUUID()];
    bank.append(maker.next(account, 3));
    const subscription = follow();
    await expect.poll(() => subscription.counts().applied, WITHIN).toBe(3);
    bank.cut();
    bank.append(maker.next(account, 2));
    await expect
      .poll(() => subscription.counts(), WITHIN)
      .toMatchObject({
        applied: 5,
        repeated: 0,
      });
    expect(bank.asked).toEqual([0, 3]);
    expect(bank.logins()).toBe(1);
    await subscription.stop();
  });

  test("a session that has ended is begun anew", async () => {
    const [maker, account] = [createEventMaker(), randomUUID()];
    bank.append(maker.next(account, 1));
    const subscription = follow();
    await expect.poll(() => subscription.counts().applied, WITHIN).toBe(1);
    bank.endSessions();
    bank.cut();
    bank.append(maker.next(account, 1));
    await expect.poll(() => subscription.counts().applied, WITHIN).toBe(2);
    expect(bank.logins()).toBe(2);
    await subscription.stop();
  });

  test("events of the log that are of no account are left out", async () => {
    const [maker, account, transfer] = [createEventMaker(), randomUUID(), randomUUID()];
    bank.append(maker.next(transfer, 1, { type: "TransferReversed" }));
    bank.append(maker.next(account, 2));
    const subscription = follow();
    await expect.poll(() => subscription.counts().applied, WITHIN).toBe(2);
    expect(await subscription.stopped()).toEqual([]);
    await subscription.stop();
    expect(bank.asked).toEqual([0]);
  });

  test("a topic that the log does not have is refused at once", () => {
    const from = httpLog({ url: bank.url, token: () => "none" });
    const start = () => {
      subscribe({ topics: ["somebody.elses"], from, store: memoryStore(), onEvent: () => {} });
    };
    expect(start).toThrow(RangeError);
  });

  test("a wrong password is an error that says so, and not worth another try", async () => {
    const token = passwordToken({ url: bank.url, email: "a@example.com", password: "wrong" });
    const refusal = await token().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(BankRefusedError);
    expect(refusal).toMatchObject({ status: 401, retryable: false });
  });
});
