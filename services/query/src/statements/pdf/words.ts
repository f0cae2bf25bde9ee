import type { Transaction } from "@countinghouse/contracts";
import { decimalsOf, moneyText } from "@countinghouse/domain";
import type { StatementHead } from "../statement.ts";

const LANGUAGE = "en-GB";
const MINUS = "\u2212";

const TITLES: Readonly<Record<Transaction["type"], Record<"credit" | "debit", string>>> = {
  deposit: { credit: "Deposit", debit: "Deposit" },
  withdrawal: { credit: "Withdrawal", debit: "Withdrawal" },
  transfer: { credit: "Transfer received", debit: "Transfer sent" },
  reversal: { credit: "Transfer returned to you", debit: "Transfer returned" },
  capture: { credit: "Payment received", debit: "Payment" },
  fee: { credit: "Fee given back", debit: "Fee" },
  adjustment: { credit: "Correction", debit: "Correction" },
  interest: { credit: "Interest", debit: "Interest charged" },
};

export function titleOf({ type, direction }: Transaction): string {
  return TITLES[type][direction];
}

/** `1,234.56`, with a real minus sign below zero; `+` where asked for. */
export function shownMoney(minor: bigint, currency: string, plus = false): string {
  const { value } = moneyText(minor < 0n ? -minor : minor, currency);
  const decimals = decimalsOf(currency) ?? 0;
  const digits = new Intl.NumberFormat(LANGUAGE, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(value as `${number}`);
  const sign = minor < 0n ? MINUS : plus ? "+" : "";
  return sign + digits;
}

/** The words about dates of a statement, in its time zone. */
export function dateWords({ timeZone, start, end }: StatementHead) {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const formatter = new Intl.DateTimeFormat(LANGUAGE, { timeZone, ...options });
    return (moment: Date | string) => formatter.format(new Date(moment));
  };
  const day = format({ day: "numeric", month: "long", year: "numeric" });
  return {
    month: format({ month: "long", year: "numeric" })(start),
    period: `${format({ day: "numeric" })(start)} – ${day(new Date(end.valueOf() - 1))}`,
    ofEntry: format({ day: "2-digit", month: "short" }),
    time: format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    moment: format({ dateStyle: "long", timeStyle: "short", hourCycle: "h23" }),
  };
}
