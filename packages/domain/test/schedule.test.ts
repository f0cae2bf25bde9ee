import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Account,
  cancelSchedule,
  evolveAccount,
  evolveSchedule,
  makeOccurrence,
  nextOccurrence,
  occurrenceOf,
  type Refusal,
  type Schedule,
  type ScheduleEvent,
  type ScheduleTransfer,
  scheduleTransfer,
} from "../src/index.ts";
import { ANYBODY, account, as, euros, OWNER, STRANGER, shown, yen } from "./support.ts";

const [HERE, THERE, TODAY] = ["account-a", "account-b", "2026-11-24"];
const when = { now: "2026-11-24T10:00:00.000Z", day: TODAY };
const IDS = { when, transferId: "t", debitId: "d", creditId: "c", feeId: "f" };
const ORDER: ScheduleTransfer = {
  ...{ by: as(OWNER), fromAccountId: HERE, toAccountId: THERE, amount: euros(1_000n) },
  ...{ firstOn: TODAY, today: TODAY },
};

function scheduled(change: Partial<ScheduleTransfer> = {}): Schedule {
  const decision = scheduleTransfer({ ...ORDER, ...change }, account(), account());
  if (decision.kind === "refused") throw new Error(decision.code);
  return evolveSchedule(undefined, decision.facts);
}

const days = (schedule: Schedule, most = 20) => {
  return Array.from({ length: most }, (_, i) => occurrenceOf(schedule, i)).filter(Boolean);
};

const SERIES: [what: string, change: Partial<ScheduleTransfer>, expected: string[]][] = [
  ["once", { firstOn: "2028-02-29" }, ["2028-02-29"]],
  ["a count without an interval", { firstOn: "2027-01-01", count: 3 }, ["2027-01-01"]],
  [
    "days over the end of a year",
    { firstOn: "2027-12-31", every: "day", count: 3 },
    ["2027-12-31", "2028-01-01", "2028-01-02"],
  ],
  [
    "weeks over a leap day",
    { firstOn: "2028-02-26", every: "week", count: 2 },
    ["2028-02-26", "2028-03-04"],
  ],
  [
    "the 31st, which is the last day of shorter months and the 31st again",
    { firstOn: "2027-10-31", every: "month", count: 6 },
    ["2027-10-31", "2027-11-30", "2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"],
  ],
  [
    "the 29th in a year without one",
    { firstOn: "2027-01-29", every: "month", count: 3 },
    ["2027-01-29", "2027-02-28", "2027-03-29"],
  ],
  [
    "until the calendar ends",
    { firstOn: "9999-11-30", every: "month" },
    ["9999-11-30", "9999-12-30"],
  ],
];

for (const [what, change, expected] of SERIES) {
  test(`a schedule runs: ${what}`, () => {
    expect(days(scheduled(change))).toEqual(expected);
  });
}

const REFUSED: [what: string, code: Refusal, change: object, from?: object, to?: object][] = [
  ["of another's account", "not_found", { by: as(STRANGER), firstOn: "2026-01-01" }],
  ["of yesterday", "date_in_past", { firstOn: "2026-11-23", toAccountId: HERE }],
  ["to itself", "same_account", { toAccountId: HERE, amount: yen(1n) }],
  ["from a closed account", "account_closed", { amount: yen(1n) }, { status: "closed" }],
  ["in another currency", "currency_mismatch", { amount: yen(1n) }, {}, { status: "closed" }],
  ["to a closed account", "account_closed", {}, {}, { status: "closed", currency: "JPY" }],
  ["to an account in yen", "currency_mismatch", {}, {}, { currency: "JPY" }],
];

for (const [what, code, change, from = {}, to = {}] of REFUSED) {
  test(`[S44] a schedule ${what} is refused: ${code}`, () => {
    const decision = scheduleTransfer({ ...ORDER, ...change }, account(from), account(to));
    expect(decision).toEqual({ kind: "refused", code });
  });
}

test("a schedule from or to nothing is refused, one of a frozen account is not", () => {
  for (const [from, to] of [[undefined, account()] as const, [account(), undefined] as const]) {
    expect(scheduleTransfer(ORDER, from, to)).toEqual({ kind: "refused", code: "not_found" });
  }
  const frozen = account({ status: "frozen", balance: 0n });
  expect(scheduleTransfer(ORDER, frozen, frozen).kind).toBe("accepted");
});

test("an occurrence that is made moves the money and says so in the schedule", () => {
  const facts = makeOccurrence({ on: TODAY, ...IDS }, scheduled(), account(), account());
  expect(facts?.legs?.sent.data.balanceAfter).toEqual(shown("90.00"));
  expect(facts?.schedule).toEqual([
    { type: "ScheduledTransferMade", data: { on: TODAY, transferId: "t" } },
    { type: "ScheduleFinished", data: {} },
  ]);
});

test("an occurrence that is refused is passed all the same, and moves nothing", () => {
  const schedule = scheduled({ every: "month" });
  const facts = makeOccurrence(
    { on: TODAY, ...IDS },
    schedule,
    account({ balance: 1n }),
    account(),
  );
  const refused = { on: TODAY, code: "insufficient_funds" };
  expect(facts).toEqual({ schedule: [{ type: "ScheduledTransferRefused", data: refused }] });
  const after = facts?.schedule.reduce(evolveSchedule, schedule);
  expect(after && nextOccurrence(after)).toBe("2026-12-24");
});

test("an occurrence comes once, in its turn, and never after the schedule was cancelled", () => {
  const schedule = scheduled({ every: "day", count: 3 });
  const make = (on: string, of: Schedule | undefined) => {
    return makeOccurrence({ on, ...IDS }, of, account(), account());
  };
  expect(make("2026-11-25", schedule)).toBeUndefined();
  const after = make(TODAY, schedule)?.schedule.reduce(evolveSchedule, schedule);
  expect(make(TODAY, after)).toBeUndefined();
  expect(make("2026-11-25", after)?.legs).toBeDefined();
  const cancelled = after && evolveSchedule(after, { type: "ScheduleCancelled", data: {} });
  expect(make("2026-11-25", cancelled)).toBeUndefined();
  expect(make(TODAY, undefined)).toBeUndefined();
});

test("every day is the day after the one before it, as the calendar has it", () => {
  const start = Date.parse("2027-06-15");
  const schedule = scheduled({ firstOn: "2027-06-15", every: "day" });
  for (let i = 0; i < 1_200; i += 1) {
    const expected = new Date(start + i * 86_400_000).toISOString().slice(0, 10);
    expect(occurrenceOf(schedule, i)).toBe(expected);
  }
});

test("a schedule is cancelled once; again, or when it is finished, nothing happens", () => {
  const schedule = scheduled();
  const once = cancelSchedule({ by: as(OWNER) }, schedule);
  expect(once).toEqual({ kind: "accepted", facts: [{ type: "ScheduleCancelled", data: {} }] });
  for (const status of ["cancelled", "finished"] as const) {
    const again = cancelSchedule({ by: ANYBODY }, { ...schedule, status });
    expect(again).toEqual({ kind: "accepted", facts: [] });
  }
  for (const none of [cancelSchedule({ by: as(STRANGER) }, schedule)]) {
    expect(none).toEqual({ kind: "refused", code: "not_found" });
  }
  expect(cancelSchedule({ by: ANYBODY }, undefined).kind).toBe("refused");
});

/** The next occurrence by 0, one before or after it by less or more. */
const tried = fc.integer({ min: -2, max: 3 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("try"), which: tried }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("deposit"), which: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel"), which: fc.constant(0) }) },
);

test("[S42] whatever is tried in whatever order, no day is lost, doubled or overdrawn", () => {
  const series = fc.record({
    firstOn: fc.constantFrom("2026-11-24", "2027-01-31", "2027-12-30"),
    every: fc.constantFrom("day", "week", "month"),
    count: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(series, fc.array(step, { maxLength: 40 }), (change, steps) => {
      let schedule = scheduled(change as Partial<ScheduleTransfer>);
      let [from, to]: Account[] = [account({ balance: 2_500n }), account({ balance: 0n })];
      const [all, events] = [days(schedule), [] as ScheduleEvent[]];
      for (const { do: what, which } of steps) {
        if (what === "deposit" && from) from = { ...from, balance: from.balance + BigInt(which) };
        const at = { on: all[schedule.passed + which] ?? "2099-01-01", ...IDS };
        const facts = what === "try" ? makeOccurrence(at, schedule, from, to) : undefined;
        const cancelled = what === "cancel" ? cancelSchedule({ by: ANYBODY }, schedule) : undefined;
        const made = cancelled?.kind === "accepted" ? cancelled.facts : (facts?.schedule ?? []);
        schedule = made.reduce(evolveSchedule, schedule);
        events.push(...made);
        if (facts?.legs) from = evolveAccount(from, facts.legs.sent);
        if (facts?.legs) to = evolveAccount(to, facts.legs.received);
        expect(from?.balance).toBeGreaterThanOrEqual(0n);
      }
      const passed = events.flatMap(({ data }) => ("on" in data ? [data.on] : []));
      expect(passed).toEqual(all.slice(0, passed.length));
      const made = events.filter(({ type }) => type === "ScheduledTransferMade").length;
      expect(to?.balance).toBe(BigInt(made) * 1_000n);
      const isOver = passed.length === all.length;
      expect(schedule.status === "finished").toBe(isOver);
    }),
    { numRuns: 300 },
  );
});
