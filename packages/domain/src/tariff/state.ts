import { type Open, withOpen, withoutOpen } from "../four-eyes.ts";
import { monthAfter } from "../schedule/calendar.ts";
import type { InterestRate, Rates, TariffEvent, TariffTable } from "./events.ts";

/** The tariff of a ledger; one that nobody has proposed anything for has no state. */
export interface Tariff extends TariffTable {
  readonly proposals?: NonNullable<Open<{ readonly tariff: TariffTable }>>;
  /** The rates since the first month that interest is still to be posted for, oldest first. */
  readonly rates?: readonly Rates[];
  /** The last month that interest was posted for. */
  readonly closedMonth?: string;
}

/** The version of the stored form of a tariff's state. */
export const TARIFF_STATE_SCHEMA = 1;

const EMPTY: Tariff = { fees: [] };
const MONTH_LENGTH = "2026-11".length;

/** The tariff after an event. Records what happened, judges nothing. */
export function evolveTariff(state: Tariff | undefined, event: TariffEvent): Tariff {
  const { proposals, ...tariff } = state ?? EMPTY;
  switch (event.type) {
    case "TariffProposed":
      return waiting(tariff, withOpen(proposals, event.data));
    case "TariffApproved": {
      const { proposalId, tariff: table, day } = event.data;
      const { interest: _, ...kept } = tariff;
      const rates = ratesAfter(tariff.rates, day, table.interest ?? []);
      const after = { ...kept, ...table, ...(rates !== undefined && { rates }) };
      return waiting(after, withoutOpen(proposals, proposalId));
    }
    case "TariffRejected":
      return waiting(tariff, withoutOpen(proposals, event.data.proposalId));
    case "InterestMonthClosed": {
      const { month } = event.data;
      const rates = ratesFrom(tariff.rates ?? [], `${monthAfter(month)}-01`);
      return waiting({ ...tariff, rates, closedMonth: month }, proposals);
    }
  }
}

/** The first month that interest is to be posted for; undefined while there are no rates. */
export function nextInterestMonth({ rates = [], closedMonth }: Tariff): string | undefined {
  const first = rates.find(({ interest }) => interest.length > 0);
  if (first === undefined) return undefined;
  const month = first.from.slice(0, MONTH_LENGTH);
  const next = closedMonth === undefined ? month : monthAfter(closedMonth);
  return [month, next].sort().at(-1);
}

function waiting(tariff: Tariff, proposals: Tariff["proposals"]): Tariff {
  return proposals === undefined ? tariff : { ...tariff, proposals };
}

/** Never from a day before that of the last change, and of one day only what holds at its end. */
function ratesAfter(
  rates: Tariff["rates"],
  day: string,
  interest: readonly InterestRate[],
): Tariff["rates"] {
  const last = rates?.at(-1);
  if (last === undefined) return interest.length === 0 ? rates : [{ from: day, interest }];
  const before = last.from >= day ? (rates?.slice(0, -1) ?? []) : (rates ?? []);
  return [...before, { from: last.from > day ? last.from : day, interest }];
}

/** What counts from a day on: what is in force then, and what came later. */
function ratesFrom(rates: readonly Rates[], day: string): readonly Rates[] {
  return rates.slice(
    Math.max(
      0,
      rates.findLastIndex(({ from }) => from <= day),
    ),
  );
}
