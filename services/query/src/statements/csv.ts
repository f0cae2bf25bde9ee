import type { Transaction } from "@countinghouse/contracts";
import { dayIn } from "@countinghouse/service-kit";
import { stringify } from "csv-stringify/sync";
import type { EntryPages, StatementHead } from "./statement.ts";

const COLUMNS = [
  ...["date", "occurredAt", "type", "direction", "amount", "balanceAfter", "currency"],
  ...["counterpartyAccountId", "reference", "transactionId", "transferId"],
];
/** What spreadsheets take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/;

/** The entries as CSV (RFC 4180), a line each under a line of names, page by page. */
export async function* statementAsCsv({ timeZone }: StatementHead, pages: EntryPages) {
  yield lines([COLUMNS]);
  for await (const entries of pages) yield lines(entries.map((entry) => row(entry, timeZone)));
}

function lines(rows: readonly (readonly string[])[]): string {
  return stringify([...rows] as string[][], { record_delimiter: "windows" });
}

function row(entry: Transaction, timeZone: string): string[] {
  return [
    dayIn(timeZone, new Date(entry.occurredAt)),
    entry.occurredAt,
    entry.type,
    entry.direction,
    entry.amount.value,
    entry.balanceAfter.value,
    entry.amount.currency,
    entry.counterpartyAccountId ?? "",
    harmless(entry.reference ?? ""),
    entry.transactionId,
    entry.transferId ?? "",
  ];
}

/** Only what somebody wrote can be a formula; a balance below zero stays a number. */
function harmless(reference: string): string {
  return FORMULA.test(reference) ? `'${reference}` : reference;
}
