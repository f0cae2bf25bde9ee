import { decimalsOf, type MoneyText, minorUnits, moneyText } from "@countinghouse/domain";

/**
 * The minor units of money in an event. Throws a RangeError for what no event of ours has: an
 * unknown currency, or another form than exactly the decimals of the currency.
 */
export function exactMinorUnits(money: MoneyText): bigint {
  const { value, currency } = money;
  if (decimalsOf(currency) === undefined) throw new RangeError("an unknown currency");
  if (!/^-?[0-9]+(\.[0-9]+)?$/.test(value)) throw new RangeError("no decimal number");
  const minor = minorUnits(money);
  if (moneyText(minor, currency).value !== value) throw new RangeError("not the form of money");
  return minor;
}
