import type { Account, Envelope, Transaction } from "@countinghouse/contracts";
import { describeFinding, type Finding, LedgerFold } from "@countinghouse/verifier";
import type { Bank } from "./bank.ts";
import { eventsOfBank } from "./log-source.ts";

/** Accounts whose histories are compared at once. */
const AT_ONCE = 4;

export interface DiffOptions {
  /** Compare every transaction of every history, too. */
  readonly withTransactions: boolean;
  readonly onDifference: (sentence: string) => void;
  readonly onProgress: (done: number, total: number) => void;
}

export interface DiffResult {
  readonly accounts: number;
  readonly transactions: number;
  readonly differences: number;
}

/**
 * Compares what the bank shows of its accounts with the fold of its log. What it shows is asked for
 * first: the log, read afterwards, has at least the events that were shown.
 */
export async function diff(bank: Bank, options: DiffOptions): Promise<DiffResult> {
  const { withTransactions, onDifference, onProgress } = options;
  let [differences, transactions] = [0, 0];
  const differs = (sentence: string) => {
    differences += 1;
    onDifference(sentence);
  };
  const shown: Account[] = [];
  for await (const account of bank.accounts()) shown.push(account);
  const report = (finding: Finding) => differs(describeFinding(finding));
  const fold = new LedgerFold(report, shown);
  let count = 0;
  for await (const event of eventsOfBank(bank)) {
    fold.apply(event);
    count += 1;
    onProgress(count, count);
  }
  fold.finish();
  const ids = new Set(shown.map(({ accountId }) => accountId));
  for (const { accountId } of fold.accounts()) {
    // One that was opened meanwhile may be shown by now.
    const isShown = ids.has(accountId) || (await bank.account(accountId)) !== undefined;
    if (!isShown) differs(`account ${accountId} is in the log and is not shown`);
  }
  if (withTransactions) {
    const left = [...shown];
    const work = async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) {
        const count = await compareHistory(bank, one, differs);
        transactions += count;
        onProgress(shown.length - left.length, shown.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
  return { accounts: shown.length, transactions, differences };
}

/** Compares an account's history up to the version that was shown; gives how long it is. */
async function compareHistory(
  bank: Bank,
  { accountId, version }: Account,
  differs: (sentence: string) => void,
): Promise<number> {
  const wanted = new Map<number, Envelope>();
  for await (const event of eventsOfBank(bank, accountId)) {
    if (event.version <= version && isPosting(event)) wanted.set(event.version, event);
  }
  let count = 0;
  for await (const transaction of bank.transactions(accountId)) {
    if (transaction.version > version) continue;
    count += 1;
    const name = `account ${accountId}, version ${transaction.version}`;
    const event = wanted.get(transaction.version);
    wanted.delete(transaction.version);
    if (event === undefined) differs(`${name}: a transaction is shown that is not in the log`);
    else for (const wrong of differencesOf(transaction, event)) differs(`${name}: ${wrong}`);
  }
  for (const missing of wanted.keys()) {
    differs(`account ${accountId}, version ${missing}: a transaction is not shown`);
  }
  return count;
}

function isPosting({ data }: Envelope): boolean {
  const { amount, balanceAfter, direction } = data as Partial<Transaction>;
  return amount !== undefined && balanceAfter !== undefined && direction !== undefined;
}

/** What both the history and the event say, each as it says it. */
const COMMON = [
  ...["amount", "balanceAfter", "direction", "transactionId"],
  ...["counterpartyAccountId", "transferId", "reference"],
] as const;

function differencesOf(transaction: Transaction, { data, recordedAt }: Envelope): string[] {
  const shown = { ...transaction } as Readonly<Record<string, unknown>>;
  const facts = data as Readonly<Record<string, unknown>>;
  const pairs: [string, unknown, unknown][] = [
    ...COMMON.map((name): [string, unknown, unknown] => [name, shown[name], facts[name]]),
    ["occurredAt", transaction.occurredAt, recordedAt],
  ];
  return pairs
    .map(([name, is, was]) => [name, textOf(is), textOf(was)] as const)
    .filter(([, is, was]) => is !== was)
    .map(([name, is, was]) => `${name} is shown as ${is}, the log has ${was}`);
}

/** Money as people write it; members in whatever order they came. */
function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value ?? "none");
  const { value: amount, currency } = value as { value?: string; currency?: string };
  return `${amount} ${currency}`;
}
