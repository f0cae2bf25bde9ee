import { expect, test } from "vitest";
import { type Plan, planOf, type Situation } from "../src/publish/plan.ts";

const MOST = 2_000;

/** Three partitions, read for up to `places`. */
function plan(places: readonly number[], head: number, more: Partial<Situation> = {}): Plan {
  const usual = { isFull: () => false, stuck: new Set<number>(), turn: "front" as const };
  return planOf({ ledger: 1, head, most: MOST, places, ...usual, ...more });
}

const page = (after: number, upTo: number, ...partitions: number[]) => {
  return { ledger: 1, after, upTo, partitions: new Set(partitions) };
};
const full = (...which: number[]) => ({ isFull: (p: number) => which.includes(p) });
const stuck = (...which: number[]) => ({ stuck: new Set(which) });

const CASES: readonly (readonly [string, Plan, Plan])[] = [
  ["nothing at the end", plan([5, 5, 5], 5), undefined],
  ["the rest for all", plan([5, 5, 5], 9), page(5, 9, 0, 1, 2)],
  ["a page at most", plan([0, 0, 0], 9_000), page(0, MOST, 0, 1, 2)],
  ["for those a little behind first", plan([9, 5, 7], 99), page(5, 9, 1, 2)],
  ["only for whom the page reaches", plan([9_000, 0, 8_000], 9_000), page(0, MOST, 1)],
  ["nothing where one is full", plan([5, 5, 5], 9, full(1)), "full"],
  ["without one that is stuck", plan([5, 5, 5], 9, { ...full(1), ...stuck(1) }), page(5, 9, 0, 2)],
  ["for one that is stuck, while it has room", plan([5, 5, 5], 9, stuck(1)), page(5, 9, 0, 1, 2)],
  ["nothing where all are stuck", plan([5, 5], 9, { ...full(0, 1), ...stuck(0, 1) }), "full"],
  ["nothing where one a little behind is full", plan([9, 5, 9], 99, full(1)), "full"],
  [
    "without one far behind",
    plan([90_000, 0, 90_000], 90_009, full(1)),
    page(90_000, 90_009, 0, 2),
  ],
];

test.each(CASES)("it reads %s", (_, found, expected) => {
  expect(found).toEqual(expected);
});

test("one far behind catches up in turn with the others, and always where they have all", () => {
  const far = [90_000, 0, 90_000];
  expect(plan(far, 99_000, { turn: "front" })).toEqual(page(90_000, 92_000, 0, 2));
  expect(plan(far, 99_000, { turn: "behind" })).toEqual(page(0, MOST, 1));
  expect(plan(far, 90_000, { turn: "front" })).toEqual(page(0, MOST, 1));
});

test("one far behind catches up while the others have enough to send", () => {
  expect(plan([90_000, 0, 90_000], 99_000, full(0))).toEqual(page(0, MOST, 1));
});
