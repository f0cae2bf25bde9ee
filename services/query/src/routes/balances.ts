import { moneyText } from "@countinghouse/domain";
import {
  dayIn,
  type Handler,
  malformed,
  ProblemError,
  startOfDay,
} from "@countinghouse/service-kit";
import { daysBetween, daysLater } from "../days.ts";
import { type AccountRow, findAccount, getAccount } from "../projections/accounts/queries.ts";
import { type Closing, listClosings } from "../projections/daily-balances/queries.ts";
import { balancesBefore, lastEntryAt } from "../projections/entries/queries.ts";
import type { Tx } from "../tables.ts";
import { readFor } from "./consistent-read.ts";
import type { RouteDeps } from "./deps.ts";

/** How many days one answer has at most. */
const DAYS_MAX = 366;
const OPENING_VERSION = 1;

export function handleBalanceAt(deps: RouteDeps): Handler<"balanceAt"> {
  return async (call) => {
    const at = new Date(call.query.at);
    const body = await readFor(deps, call, async (tx) => {
      const { accountId } = call.params;
      const [account, entry] = await Promise.all([
        findAccount(tx, call.scope, accountId),
        lastEntryAt(tx, accountId, at),
      ]);
      if (at > latestOf(account, deps.now())) throw malformed("?at", "is in the future");
      if (account === undefined || at < account.opened_at) throw new ProblemError("not_found");
      const minor = BigInt(entry?.balance_after_minor ?? 0);
      return {
        balance: moneyText(minor, account.currency),
        at: at.toISOString(),
        version: entry?.version ?? OPENING_VERSION,
      };
    });
    return { status: 200, body };
  };
}

export function handleDailyBalances(deps: RouteDeps): Handler<"dailyBalances"> {
  return async (call) => {
    const { from, to } = call.query;
    if (from > to) throw malformed("?to", "is before from");
    if (daysBetween(from, to) > DAYS_MAX) throw malformed("?to", `is over ${DAYS_MAX} days later`);
    const items = await readFor(deps, call, async (tx) => {
      const account = await getAccount(tx, call.scope, call.params.accountId);
      const { timeZone } = deps;
      const today = dayIn(timeZone, latestOf(account, deps.now()));
      const first = later(from, dayIn(timeZone, account.opened_at));
      const end = earlier(to, daysLater(today, 1));
      if (first >= end) return [];
      const closings = await closingsOf(tx, account.account_id, first, end, timeZone);
      return closings.map(({ date, closingMinor }) => {
        return { date, closing: moneyText(closingMinor, account.currency) };
      });
    });
    return { status: 200, body: { items, nextCursor: null } };
  };
}

/** The table has the days of UTC; those of another zone are looked up one by one in the entries. */
async function closingsOf(
  tx: Tx,
  accountId: string,
  from: string,
  to: string,
  timeZone: string,
): Promise<Closing[]> {
  if (timeZone === "UTC") return listClosings(tx, accountId, from, to);
  const days = Array.from({ length: daysBetween(from, to) }, (_, i) => daysLater(from, i));
  const ends = days.map((day) => startOfDay(timeZone, daysLater(day, 1)));
  const balances = await balancesBefore(tx, accountId, ends);
  return days.map((date, i) => ({ date, closingMinor: balances[i] ?? 0n }));
}

/** Now; or when the account last changed, should the clock of the log be ahead of this one. */
export function latestOf(account: AccountRow | undefined, now: Date): Date {
  return account !== undefined && account.updated_at > now ? account.updated_at : now;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}
