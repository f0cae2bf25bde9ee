import { divideHalfEven, type Money, minorUnits, moneyText } from "../money.ts";
import type { Charged, FeeCharged } from "./events.ts";
import type { Tariff } from "./state.ts";

/** A hundred percent. */
const BASIS_POINTS = 10_000n;

/** What a transaction costs by a tariff, in minor units; zero where it costs nothing. */
export function feeOn(tariff: Tariff | undefined, on: Charged, amount: Money): bigint {
  if (tariff === undefined) return 0n;
  const rule = tariff.fees.find((one) => one.on === on && one.currency === amount.currency);
  if (rule === undefined) return 0n;
  const { fixed, basisPoints = 0, min, max } = rule;
  const part = divideHalfEven(amount.minor * BigInt(basisPoints), BASIS_POINTS);
  const fee = part + (fixed === undefined ? 0n : minorUnits(fixed));
  if (max !== undefined && fee > minorUnits(max)) return minorUnits(max);
  return min !== undefined && fee < minorUnits(min) ? minorUnits(min) : fee;
}

/** What a fee is for: the posting of a transaction, by which the balance has become `balance`. */
interface ChargedPosting {
  readonly feeId: string;
  readonly transactionId: string;
  readonly on: Charged;
  readonly currency: string;
  readonly balance: bigint;
}

/** The fee as an event; none where it is zero. */
export function chargeOf(
  minor: bigint,
  { feeId, transactionId, on, currency, balance }: ChargedPosting,
): readonly FeeCharged[] {
  if (minor === 0n) return NONE;
  const data = {
    transactionId: feeId,
    amount: moneyText(minor, currency),
    direction: "debit",
    balanceAfter: moneyText(balance - minor, currency),
    chargedFor: transactionId,
    on,
  } as const;
  return [{ type: "FeeCharged", data }];
}

const NONE: readonly FeeCharged[] = [];
