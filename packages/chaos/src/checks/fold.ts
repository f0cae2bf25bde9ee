import type { Findings } from "./findings.ts";
import { type Ledger, type Logged, minor } from "./log.ts";

/** One posting of an account, as its history has to show it. */
export interface Posting {
  readonly version: number;
  readonly amount: bigint;
  readonly isDebit: boolean;
  readonly after: bigint;
}

/** An account as its events make it. */
export interface Folded {
  readonly currency: string;
  version: number;
  balance: bigint;
  readonly holds: Map<string, bigint>;
  readonly postings: Posting[];
}

const BALANCE_LIMIT = 10n ** 17n;

/** Folds the log by rules of its own, and says what is wrong with it by itself. */
export function foldLog({ events, heads, streams }: Ledger, found: Findings): Map<string, Folded> {
  const positions = new Map<number, { position: number; at: string }>();
  const versions = new Map<string, number>();
  const accounts = new Map<string, Folded>();
  for (const event of events) {
    const where = `${event.type} at ${event.ledger}:${event.position}`;
    const before = positions.get(event.ledger) ?? { position: 0, at: "" };
    if (event.position !== before.position + 1) {
      found.add("positions", `${where} follows ${before.position}`);
    }
    if (event.recordedAt < before.at) found.add("times", `${where} is before the one before it`);
    positions.set(event.ledger, { position: event.position, at: event.recordedAt });
    const version = (versions.get(event.streamId) ?? 0) + 1;
    if (event.version !== version) found.add("versions", `${where} has version ${event.version}`);
    versions.set(event.streamId, event.version);
    applyToAccount(event, where, accounts, found);
  }
  for (const [ledger, head] of heads) {
    const last = positions.get(ledger)?.position ?? 0;
    if (last !== head) found.add("positions", `ledger ${ledger}: head ${head}, last ${last}`);
  }
  for (const { streamId, category, version, state } of streams) {
    const at = versions.get(streamId) ?? 0;
    if (version !== at) found.add("versions", `stream ${streamId} is at ${version}, not ${at}`);
    const balance = accounts.get(streamId)?.balance;
    if (category === "account" && String(balance) !== state?.balance) {
      found.add("kept states", `account ${streamId} has ${state?.balance}, not ${balance}`);
    }
  }
  checkMoney(events, accounts, found);
  return accounts;
}

function applyToAccount(
  { type, streamId, version, data }: Logged,
  where: string,
  accounts: Map<string, Folded>,
  found: Findings,
): void {
  if (type === "AccountOpened") {
    const holds = new Map<string, bigint>();
    accounts.set(streamId, {
      ...{ currency: data.currency ?? "", version, balance: 0n, holds, postings: [] },
    });
    return;
  }
  const account = accounts.get(streamId);
  if (account === undefined) return;
  account.version = version;
  if (data.direction !== undefined) {
    const [amount, isDebit] = [minor(data.amount), data.direction === "debit"];
    account.balance += isDebit ? -amount : amount;
    account.postings.push({ version, amount, isDebit, after: account.balance });
    if (minor(data.balanceAfter) !== account.balance) {
      found.add("balances", `${where} says ${data.balanceAfter?.value}, not ${account.balance}`);
    }
  }
  if (type.startsWith("Hold") && data.holdId !== undefined) {
    const left = type === "HoldPlaced" ? minor(data.amount) : leftOf(type, data);
    if (left === 0n) account.holds.delete(data.holdId);
    else account.holds.set(data.holdId, left);
    if (minor(data.heldAfter) !== heldIn(account)) {
      found.add("balances", `${where} says ${data.heldAfter?.value} is held`);
    }
  }
  const free = account.balance - heldIn(account);
  if (free < 0n || account.balance >= BALANCE_LIMIT) {
    found.add("limits", `${where} leaves ${free} free of ${account.balance}`);
  }
}

function leftOf(type: string, { remaining }: Logged["data"]): bigint {
  return type === "HoldCaptured" ? minor(remaining) : 0n;
}

function heldIn({ holds }: Folded): bigint {
  return [...holds.values()].reduce((sum, left) => sum + left, 0n);
}

/** What came in from outside less what went out is there, in every currency. */
function checkMoney(
  events: readonly Logged[],
  accounts: ReadonlyMap<string, Folded>,
  found: Findings,
): void {
  const [outside, there] = [new Map<string, bigint>(), new Map<string, bigint>()];
  const add = (sums: Map<string, bigint>, currency: string, change: bigint) => {
    sums.set(currency, (sums.get(currency) ?? 0n) + change);
  };
  const transfers = new Map<string, bigint>();
  for (const { data } of events) {
    if (data.direction === undefined || data.amount === undefined) continue;
    const change = data.direction === "debit" ? -minor(data.amount) : minor(data.amount);
    if (data.transferId === undefined) add(outside, data.amount.currency, change);
    else add(transfers, data.transferId, change);
  }
  for (const { currency, balance } of accounts.values()) add(there, currency, balance);
  for (const [id, net] of transfers) {
    if (net !== 0n) found.add("money", `transfer ${id} comes to ${net}`);
  }
  for (const currency of new Set([...outside.keys(), ...there.keys()])) {
    const [came, is] = [outside.get(currency) ?? 0n, there.get(currency) ?? 0n];
    if (came !== is) found.add("money", `${came} ${currency} came in, ${is} are there`);
  }
}
