import { type Catalogue, EVENTS } from "@countinghouse/contracts";
import { goldenEvents } from "@countinghouse/contracts/golden";
import { expect, test } from "vitest";
import { concernsAccounts, factOf, UnreadableEventError } from "../src/events/decode.ts";

const golden = goldenEvents();
const KINDS =
  /^(opened|posting|status|hold_placed|hold_ended|proposal|card_registered|card|noted)$/;
const ofAccounts = golden.filter(({ envelope }) => concernsAccounts(envelope));

test("every golden event of an account, of every released version, is read in full", () => {
  expect(ofAccounts.length).toBeGreaterThan(10);
  for (const { envelope } of ofAccounts) {
    expect(factOf(envelope).kind).toMatch(KINDS);
  }
});

test("the events of other streams are left alone, those of unknown types are not", () => {
  const types = golden.map(({ type }) => type).filter((type) => !isOfAccounts(type));
  expect(new Set(types)).toEqual(
    new Set([
      ...["TransferReversed", "TransferScheduled", "ScheduleCancelled", "ScheduleFinished"],
      ...["ScheduledTransferMade", "ScheduledTransferRefused"],
      ...["TariffProposed", "TariffApproved", "TariffRejected"],
      "InterestMonthClosed",
    ]),
  );
  const [{ envelope } = expect.fail("no golden event")] = golden;
  expect(concernsAccounts({ ...envelope, type: "MoneyPrinted" })).toBe(true);
});

test("an old version that is planted is brought to the newest before it is read", () => {
  const [{ envelope } = expect.fail("no golden event")] = golden.filter(({ type }) => {
    return type === "MoneyDeposited";
  });
  // As if version 1 had called its balance another name.
  const { balanceAfter, ...rest } = envelope.data as Record<string, unknown>;
  const old = { ...envelope, data: { ...rest, balance: balanceAfter } };
  const [newest] = EVENTS.MoneyDeposited.versions;
  const planted: Catalogue = {
    ...EVENTS,
    MoneyDeposited: {
      ...EVENTS.MoneyDeposited,
      versions: [newest, newest],
      upcasters: [({ balance, ...data }) => ({ ...data, balanceAfter: balance })],
    },
  };
  expect(() => factOf(old)).toThrow(UnreadableEventError);
  expect(factOf(old, planted)).toEqual(factOf(envelope));
});

test.each([{ type: "MoneyPrinted" }, { type: "constructor" }, { schemaVersion: 2 }, { data: {} }])(
  "an event with %j is not understood",
  (change) => {
    const [{ envelope } = expect.fail("no golden event")] = golden.filter(({ type }) => {
      return type === "AccountOpened";
    });
    expect(() => factOf({ ...envelope, ...change })).toThrow(UnreadableEventError);
  },
);

function isOfAccounts(type: string): boolean {
  return ofAccounts.some((event) => event.type === type);
}
