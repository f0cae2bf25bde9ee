import { moneyText } from "@countinghouse/domain";
import type { EntryPages, StatementHead } from "./statement.ts";

/** The statement as JSON, piece by piece. */
export async function* statementAsJson(head: StatementHead, pages: EntryPages) {
  const money = (minor: bigint) => moneyText(minor, head.currency);
  const { accountId, month, isClosed: closed } = head;
  const start = JSON.stringify({
    ...{ accountId, month, closed },
    openingBalance: money(head.opening),
    closingBalance: money(head.closing),
    credits: money(head.credits.minor),
    debits: money(head.debits.minor),
  });
  yield `${start.slice(0, -1)},"entries":[`;
  let separator = "";
  for await (const entries of pages) {
    const texts = entries.map((entry) => JSON.stringify(entry));
    yield separator + texts.join();
    separator = ",";
  }
  yield "]}";
}
