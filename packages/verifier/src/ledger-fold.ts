import type { Account, Envelope } from "@countinghouse/contracts";
import { decimalsOf, type MoneyText, minorUnits, moneyText } from "@countinghouse/domain";
import { type AccountFold, concernsAccount, createAccountFold } from "./account-fold.ts";
import type { Finding } from "./findings.ts";

/** What a posting says, whatever its type. */
interface Posting {
  readonly amount: MoneyText;
  readonly balanceAfter: MoneyText;
  readonly direction: "credit" | "debit";
  readonly transferId?: string;
  /** Of holds: all that is held in the account. */
  readonly heldAfter?: MoneyText;
}

/** A transfer of which one side has been seen. */
interface OpenTransfer {
  net: bigint;
  readonly position: number;
  readonly recordedAt: string;
}

/** Money of one currency over the whole ledger. */
export interface CurrencyTotal {
  readonly currency: string;
  readonly accounts: number;
  readonly credits: MoneyText;
  readonly debits: MoneyText;
  readonly balances: MoneyText;
}

interface Sums {
  credits: bigint;
  debits: bigint;
  /** What came from outside, less what went there. */
  outside: bigint;
}

/** Every account of a ledger as it grows out of the log. Memory grows with the accounts. */
export class LedgerFold {
  readonly #report: (finding: Finding) => void;
  readonly #accounts = new Map<string, AccountFold>();
  readonly #otherVersions = new Map<string, number>();
  readonly #transfers = new Map<string, OpenTransfer>();
  readonly #sums = new Map<string, Sums>();
  /** Accounts as they were shown, to be compared at their version. */
  readonly #claims: ReadonlyMap<string, Account>;
  readonly #unmet: Set<string>;
  #last: Envelope | undefined;

  constructor(report: (finding: Finding) => void, claims: readonly Account[] = []) {
    this.#report = report;
    this.#claims = new Map(claims.map((account) => [account.accountId, account]));
    this.#unmet = new Set(this.#claims.keys());
  }

  /** Takes the next event of the log. */
  apply(event: Envelope): void {
    const { position, recordedAt } = event;
    if (this.#last !== undefined && recordedAt < this.#last.recordedAt) {
      this.#report({ code: "time_goes_back", position });
    }
    this.#last = event;
    if (concernsAccount(event)) this.#applyToAccount(event);
    else this.#follow(event);
  }

  /** Says what is left open at the end of the log. */
  finish(): void {
    // One commit has one time: a checkpoint may fall between the two sides of the last transfer.
    const isCut = ({ recordedAt }: OpenTransfer) => recordedAt === this.#last?.recordedAt;
    let inTransit = 0n;
    for (const [transferId, transfer] of this.#transfers) {
      inTransit += transfer.net;
      if (isCut(transfer)) continue;
      const { position } = transfer;
      this.#report({ code: "unbalanced_transfer", position, about: `transfer ${transferId}` });
    }
    const balances = [...this.#balances().values()].reduce((sum, { minor }) => sum + minor, 0n);
    const outside = [...this.#sums.values()].reduce((sum, one) => sum + one.outside, 0n);
    if (balances !== outside + inTransit) this.#report({ code: "unbalanced_books" });
    for (const id of this.#unmet) {
      const about = `account ${id} has never had version ${this.#claims.get(id)?.version}`;
      this.#report({ code: "state_differs", about });
    }
  }

  /** All accounts, in the order of their opening. */
  *accounts(): Generator<Account> {
    for (const fold of this.#accounts.values()) {
      const account = fold.account();
      if (account !== undefined) yield account;
    }
  }

  get accountCount(): number {
    return this.#accounts.size;
  }

  totals(): CurrencyTotal[] {
    const balances = this.#balances();
    const known = [...balances].filter(([currency]) => decimalsOf(currency) !== undefined);
    return known.sort().map(([currency, { minor, accounts }]) => {
      const { credits, debits } = this.#sumsOf(currency);
      return {
        ...{ currency, accounts },
        credits: moneyText(credits, currency),
        debits: moneyText(debits, currency),
        balances: moneyText(minor, currency),
      };
    });
  }

  #applyToAccount(event: Envelope): void {
    const { streamId, position } = event;
    const fold = this.#accounts.get(streamId) ?? createAccountFold();
    this.#accounts.set(streamId, fold);
    const about = `account ${streamId}`;
    if (event.version !== fold.version + 1) {
      this.#report({ code: "version_gap", position, about });
    }
    const before = fold.balance;
    try {
      fold.apply(event);
      this.#checkPosting(event, before, fold);
    } catch (error) {
      const { message } = error as Error;
      this.#report({ code: "unfoldable", position, about: `${about}: ${message}` });
      return;
    }
    this.#compare(fold, event);
  }

  /** The domain takes the balance after a posting as it is written; here it is computed. */
  #checkPosting({ data, position, recordedAt }: Envelope, before: bigint, fold: AccountFold): void {
    const { amount, balanceAfter, direction, transferId, heldAfter } = data as Partial<Posting>;
    if (heldAfter !== undefined && minorUnits(heldAfter) !== fold.held) {
      const about = `${moneyText(fold.held, fold.currency).value} was expected to be held`;
      this.#report({ code: "balance_wrong", position, about });
    }
    if (amount === undefined || balanceAfter === undefined || direction === undefined) return;
    const minor = minorUnits(amount);
    const change = direction === "credit" ? minor : -minor;
    const isSame = amount.currency === fold.currency && balanceAfter.currency === fold.currency;
    if (!isSame || minorUnits(balanceAfter) !== before + change) {
      const about = `${moneyText(before + change, fold.currency).value} was expected`;
      this.#report({ code: "balance_wrong", position, about });
    }
    const sums = this.#sumsOf(fold.currency);
    if (direction === "credit") sums.credits += minor;
    else sums.debits += minor;
    if (transferId === undefined) {
      sums.outside += change;
      return;
    }
    const transfer = this.#transfers.get(transferId) ?? { net: 0n, position, recordedAt };
    transfer.net += change;
    if (transfer.net === 0n) this.#transfers.delete(transferId);
    else this.#transfers.set(transferId, transfer);
  }

  #compare(fold: AccountFold, { streamId, position }: Envelope): void {
    const claim = this.#claims.get(streamId);
    if (claim?.version !== fold.version) return;
    this.#unmet.delete(streamId);
    const account = fold.account();
    const names = Object.keys(claim) as (keyof Account)[];
    const wrong = names.filter((name) => {
      // It changes with time alone, when a hold is over; everything else by events.
      if (name === "available") return !fold.wasAvailable(claim.available);
      return !isSame(claim[name], account?.[name]);
    });
    if (wrong.length === 0) return;
    const about = `account ${streamId}: ${wrong.join(", ")}`;
    this.#report({ code: "state_differs", position, about });
  }

  /** Streams that are no accounts: that nothing is missing in them. */
  #follow({ streamId, version, position }: Envelope): void {
    const expected = (this.#otherVersions.get(streamId) ?? 0) + 1;
    this.#otherVersions.set(streamId, version);
    if (version === expected) return;
    this.#report({ code: "version_gap", position, about: `stream ${streamId}` });
  }

  #sumsOf(currency: string): Sums {
    let sums = this.#sums.get(currency);
    if (sums === undefined) {
      sums = { credits: 0n, debits: 0n, outside: 0n };
      this.#sums.set(currency, sums);
    }
    return sums;
  }

  #balances(): Map<string, { minor: bigint; accounts: number }> {
    const balances = new Map<string, { minor: bigint; accounts: number }>();
    for (const { currency, balance } of this.#accounts.values()) {
      const sum = balances.get(currency) ?? { minor: 0n, accounts: 0 };
      balances.set(currency, { minor: sum.minor + balance, accounts: sum.accounts + 1 });
    }
    return balances;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
