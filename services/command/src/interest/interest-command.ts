import { randomUUIDv7 } from "node:crypto";
import {
  closeInterestMonth,
  daysOfMonth,
  type MonthBalances,
  minorUnits,
  postInterest,
  type Rates,
} from "@countinghouse/domain";
import type { SavingsMonth } from "@countinghouse/event-store";
import { NO_STREAM } from "../aggregates.ts";
import type { Command } from "../command.ts";
import { accountOf, tariffOf } from "../domain-aggregates.ts";
import { eventOf } from "../prepare.ts";
import { tariffRead } from "../tariff-read.ts";

/** Whose commands these are: nobody's. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

interface Month {
  readonly ledger: number;
  readonly month: string;
  readonly rates: readonly Rates[];
}

/** The command that posts the interest of a month; its key is the account and the month. */
export function interestCommand(savings: SavingsMonth, { ledger, month, rates }: Month): Command {
  const { accountId } = savings;
  const order = { month, rates, balances: balancesOf(savings, month) };
  const transactionId = randomUUIDv7();
  return {
    ledger,
    reads: [{ category: "account", ledger, streamId: accountId }],
    scope: `interest ${accountId}`,
    key: month,
    request: JSON.stringify({
      method: "POST",
      path: `/v1/accounts/${accountId}/interest/${month}`,
    }),
    cause: { actor: { userId: NOBODY, roles: [] }, correlationId: `interest ${month}` },
    decide([stream = NO_STREAM]) {
      const facts = postInterest({ ...order, transactionId }, accountOf(stream));
      const events = new Map(facts.length === 0 ? [] : [[0, facts.map(eventOf)]]);
      return { kind: "accepted", status: 200, body: { events: facts.length }, events };
    },
  };
}

/** The log's answer as the domain asks for it: days by their names, money in minor units. */
function balancesOf({ closings, interest }: SavingsMonth, month: string): MonthBalances {
  const days = daysOfMonth(month);
  const minor = (value: string) => minorUnits({ value, currency: "" });
  const before = closings.find(({ day }) => day === 0);
  const ofMonth = closings.filter(({ day }) => day > 0);
  return {
    opening: before === undefined ? BigInt(interest?.closing ?? 0) : minor(before.value),
    closings: new Map(ofMonth.map(({ day, value }) => [days[day - 1] ?? "", minor(value)])),
    throughVersion: closings.at(-1)?.version ?? interest?.version ?? 0,
  };
}

/** Says in the tariff of a ledger that a month is done. */
export function closingCommand(ledger: number, month: string): Command {
  const read = tariffRead(ledger);
  return {
    ledger,
    reads: [read],
    scope: `interest ${read.streamId}`,
    key: month,
    request: JSON.stringify({ method: "POST", path: `/v1/tariff/interest/${month}` }),
    cause: { actor: { userId: NOBODY, roles: [] }, correlationId: `interest ${month}` },
    decide([stream = NO_STREAM]) {
      const facts = closeInterestMonth(month, tariffOf(stream));
      const events = new Map(facts.length === 0 ? [] : [[0, facts.map(eventOf)]]);
      return { kind: "accepted", status: 200, body: { month }, events };
    },
  };
}
