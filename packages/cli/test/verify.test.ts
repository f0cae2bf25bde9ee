import { FakeBank } from "@countinghouse/testing/fake-bank";
import { expect, test } from "vitest";
import { Faults, LAG_MAX_SECONDS } from "../src/verify/check.ts";
import { checkHistories, checkTopic, checkTree } from "../src/verify/follower-checks.ts";

const bank = new FakeBank();
bank.deposit(bank.open(), 100);
const [first, second] = bank.events;
const LATE_MS = LAG_MAX_SECONDS * 1_000 + 1;

/** Each follower of the log, when it has nothing of it. */
const FOLLOWERS = [
  ["the read tables", () => checkHistories(new Map())],
  ["the tree", () => checkTree(new Map())],
  ["the topic", () => checkTopic(new Map(), new Faults())],
] as const;

test.each(FOLLOWERS)("%s may be behind the log, but not for long", (_, follower) => {
  const check = follower();
  for (const event of bank.events) check.take(event);
  const recordedAtMs = Date.parse(first?.recordedAt ?? "");
  const lagAt = (ms: number) => check.finish(new Date(recordedAtMs + ms)).at(-1);
  expect(lagAt(1_000)).toMatchObject({ wrong: 0, seen: "2 events wait, the oldest for 1 s" });
  expect(lagAt(LATE_MS)).toMatchObject({ wrong: 1, first: ["2 events wait, the oldest for 30 s"] });
  expect(second?.position).toBe(2);
});
