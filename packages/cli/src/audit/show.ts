import type { Account } from "@countinghouse/contracts";
import { type CurrencyTotal, describeFinding, type Verdict } from "@countinghouse/verifier";
import Table from "cli-table3";

/** A verdict for people: what was checked, what was found, and what it comes to. */
export function showVerdict(verdict: Verdict, isKeyGiven: boolean): string {
  const { origin, size, root, accounts, totals, findings, counts, isClean } = verdict;
  const lines = [
    `${origin ?? "No readable log"}: ${size} events, ${accounts} accounts folded anew`,
    ...(root === undefined ? [] : [`root ${root.toString("base64")}`]),
    ...totals.map(showTotal),
    ...findings.map((finding) => `✘ ${finding.code}: ${describeFinding(finding)}`),
  ];
  for (const [code, count] of counts) {
    const shown = findings.filter((finding) => finding.code === code).length;
    if (count > shown) lines.push(`✘ ${code}: ${count - shown} more`);
  }
  if (!isKeyGiven) {
    lines.push("The key is the one in the bundle; with --key it is compared with one you trust.");
  }
  lines.push(
    isClean ? "CLEAN: the log is what was signed." : `TAMPERED: ${sumOf(counts)} findings.`,
  );
  return lines.join("\n");
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** The customers' side of the books: what was credited is what was debited and what is there. */
export function showTotal({
  currency,
  credits,
  debits,
  balances,
  accounts,
}: CurrencyTotal): string {
  const sums = `credits ${credits.value} = debits ${debits.value} + balances ${balances.value}`;
  return `${currency}: ${sums} (${accounts} accounts)`;
}

/** Accounts as a table, without lines around it, so that other tools can read it. */
export function showAccounts(accounts: Iterable<Account>): string {
  const bare = Object.fromEntries(BORDERS.map((border) => [border, ""]));
  const table = new Table({
    head: ["account", "status", "balance", "available", "version", "updated"],
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: bare,
    colAligns: ["left", "left", "right", "right", "right", "left"],
  });
  for (const { accountId, status, balance, available, version, updatedAt } of accounts) {
    const money = ({ value, currency }: Account["balance"]) => `${value} ${currency}`;
    table.push([accountId, status, money(balance), money(available), version, updatedAt]);
  }
  return table.toString();
}

const SIDES = ["top", "bottom", "mid"] as const;
const BORDERS = [
  ...SIDES.flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]),
  ...["mid-mid", "left-mid", "right-mid", "left", "right", "middle"],
];
