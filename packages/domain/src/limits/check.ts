import type { Account } from "../account/state.ts";
import { type LimitHit, type Refused, refuse, type When } from "../decision.ts";
import { type Money, minorUnits, moneyText } from "../money.ts";
import type { Caps, Channel } from "./events.ts";
import { movedTo, type Used } from "./state.ts";

/** Outgoing money that somebody asks for. */
interface Spending {
  readonly channel: Channel;
  readonly amount: Money;
  readonly when: When;
}

/** The day in which money counts: two clocks never bring an account back to a day that is over. */
export function dayToCount(used: Used | undefined, day: string): string {
  return used !== undefined && used.day > day ? used.day : day;
}

/** The first limit that does not allow it: those on all ways, then those on its own. */
export function refusesSpending(
  { limits, used, currency }: Pick<Account, "limits" | "used" | "currency">,
  { channel, amount, when }: Spending,
): Refused | undefined {
  if (limits === undefined) return undefined;
  const { sums } = movedTo(used, dayToCount(used, when.day));
  const [all, own] = [Object.values(sums), sums[channel] ?? { today: 0n, month: 0n }];
  const total = all.reduce(
    (sum, one) => ({ today: sum.today + one.today, month: sum.month + one.month }),
    { today: 0n, month: 0n },
  );
  const hit =
    hitOf(limits, amount.minor, total, currency) ??
    named(channel, hitOf(limits.channels?.[channel] ?? {}, amount.minor, own, currency));
  return hit && refuse("limit_exceeded", hit);
}

function hitOf(
  { perTransaction, dailyOutgoing, monthlyOutgoing }: Caps,
  minor: bigint,
  { today, month }: { readonly today: bigint; readonly month: bigint },
  currency: string,
): LimitHit | undefined {
  const caps = [
    ["perTransaction", perTransaction, 0n],
    ["dailyOutgoing", dailyOutgoing, today],
    ["monthlyOutgoing", monthlyOutgoing, month],
  ] as const;
  for (const [name, amount, used] of caps) {
    if (amount === undefined) continue;
    const left = minorUnits(amount) - used;
    if (minor > left) return { name, amount, left: moneyText(left > 0n ? left : 0n, currency) };
  }
  return undefined;
}

function named(channel: Channel, hit: LimitHit | undefined): LimitHit | undefined {
  return hit && { ...hit, channel };
}
