import { Readable } from "node:stream";
import type { Transaction } from "@countinghouse/contracts";
import {
  boundsOfMonth,
  type Call,
  type Handler,
  ProblemError,
  preferredType,
} from "@countinghouse/service-kit";
import type { LogReader } from "../log-reader.ts";
import { type AccountRow, getAccount } from "../projections/accounts/queries.ts";
import { statementAsCamt } from "../statements/camt.ts";
import { isClosed } from "../statements/closing.ts";
import { statementAsCsv } from "../statements/csv.ts";
import { statementAsJson } from "../statements/json.ts";
import type { Printer } from "../statements/pdf/printer.ts";
import { type MonthSums, monthIn, readEntries, sumUpMonth } from "../statements/read.ts";
import { type EntryPages, entryCount, type StatementHead } from "../statements/statement.ts";
import { latestOf } from "./balances.ts";
import { readFor } from "./consistent-read.ts";
import type { RouteDeps } from "./deps.ts";

/** Entries of a statement that goes out in one piece; a longer one is written as it is read. */
const WHOLE_ENTRIES = 500;
/** A PDF is made in memory; whoever has more entries has them in the other forms. */
const PDF_ENTRIES = 5_000;

const WRITERS = {
  "application/json": statementAsJson,
  "text/csv": statementAsCsv,
  "application/xml": statementAsCamt,
} as const;
const FORMS = ["application/json", "text/csv", "application/xml", "application/pdf"] as const;

export interface StatementDeps extends RouteDeps {
  readonly log: Pick<LogReader, "readStream">;
  readonly printer: Printer;
}

export function handleStatement(deps: StatementDeps): Handler<"statement"> {
  return async (call) => {
    const { month } = call.params;
    const { account, sums } = await readFor(deps, call, async (tx) => {
      const account = await getAccount(tx, call.scope, call.params.accountId);
      checkMonth(month, account, deps);
      return { account, sums: await sumUpMonth(tx, account, deps.timeZone, month) };
    });
    const head = await headOf(month, account, sums, deps);
    const pages = readEntries(deps.readAs, call.scope, account, sums);
    return answer(call.headers.accept, head, pages, deps.printer);
  };
}

/** Before it was opened an account has no statement, nor for a month that has not begun. */
function checkMonth(month: string, account: AccountRow, { timeZone, now }: StatementDeps): void {
  const first = monthIn(timeZone, account.opened_at);
  const last = monthIn(timeZone, latestOf(account, now()));
  if (month < first || month > last) throw new ProblemError("not_found");
}

async function headOf(
  month: string,
  account: AccountRow,
  sums: MonthSums,
  { log, timeZone, now }: StatementDeps,
): Promise<StatementHead> {
  const { start, end } = boundsOfMonth(timeZone, month);
  const closed = await isClosed(log, account, end, now());
  const begun = new Date(Math.max(account.opened_at.valueOf(), start.valueOf()));
  return {
    accountId: account.account_id,
    accountType: account.type,
    accountName: account.name,
    currency: account.currency,
    ...{ month, timeZone, start, end },
    isClosed: closed,
    asOf: closed ? end : (sums.lastAt ?? begun),
    opening: sums.opening,
    closing: sums.closing,
    credits: sums.credits,
    debits: sums.debits,
  };
}

async function answer(
  accept: Call["headers"]["accept"],
  head: StatementHead,
  pages: EntryPages,
  printer: Printer,
) {
  const form = preferredType(accept, FORMS);
  const headers = { "content-type": form === "application/pdf" ? form : `${form}; charset=utf-8` };
  if (form === "application/pdf") {
    if (entryCount(head) > PDF_ENTRIES) throw new ProblemError("not_acceptable");
    const entries: Transaction[] = [];
    for await (const page of pages) entries.push(...page);
    return { status: 200, headers, body: await printer.print({ head, entries }) };
  }
  const pieces = WRITERS[form](head, pages);
  if (entryCount(head) > WHOLE_ENTRIES)
    return { status: 200, headers, body: Readable.from(pieces) };
  let body = "";
  for await (const piece of pieces) body += piece;
  return { status: 200, headers, body };
}
