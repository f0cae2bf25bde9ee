import type { Account, Envelope } from "@countinghouse/contracts";
import { ledgerOf, type MoneyText, minorUnits } from "@countinghouse/domain";
import { describeFinding, LedgerFold } from "@countinghouse/verifier";
import { Faults, type LogCheck } from "./check.ts";

/** The positions of each ledger: from one on, without a gap, to the head that was read. */
export function checkPositions(heads: ReadonlyMap<number, number>): LogCheck {
  const faults = new Faults();
  const last = new Map<number, number>();
  return {
    take({ position, meta: { ledger } }) {
      const before = last.get(ledger) ?? 0;
      if (position !== before + 1) faults.add(`ledger ${ledger}: ${position} follows ${before}`);
      last.set(ledger, position);
    },
    finish() {
      let events = 0;
      for (const [ledger, head] of heads) {
        const end = last.get(ledger) ?? 0;
        events += end;
        if (end !== head) faults.add(`ledger ${ledger} ends at ${end}, its head is ${head}`);
      }
      const seen = `${events} events of ${heads.size} ledgers`;
      return [faults.check("log", "positions have no gap up to the head", seen)];
    },
  };
}

/**
 * Every account folded anew: versions, balances, transfers, the sum of all money; and the accounts
 * that the read tables show, each held against the fold at its version.
 */
export function checkFold(shown: readonly Account[]): LogCheck {
  const [inLog, inTables] = [new Faults(), new Faults()];
  const folds = new Map<number, LedgerFold>();
  const claims = Map.groupBy(shown, ({ accountId }) => ledgerOf(accountId));
  const foldOf = (ledger: number) => {
    const known = folds.get(ledger);
    if (known !== undefined) return known;
    const fold = new LedgerFold((finding) => {
      const faults = finding.code === "state_differs" ? inTables : inLog;
      faults.add(`ledger ${ledger}: ${describeFinding(finding)}`);
    }, claims.get(ledger));
    folds.set(ledger, fold);
    return fold;
  };
  for (const ledger of claims.keys()) if (ledger !== undefined) foldOf(ledger);
  return {
    take: (event) => foldOf(event.meta.ledger).apply(event),
    finish() {
      for (const fold of folds.values()) fold.finish();
      const accounts = [...folds.values()].reduce((sum, fold) => sum + fold.accountCount, 0);
      const rule = "versions, balances, transfers and the sum of all money follow from the events";
      return [
        inLog.check("log", rule, `${accounts} accounts folded`),
        inTables.check(
          ...(["read tables", "accounts are the fold of the log"] as const),
          `${shown.length} accounts shown`,
        ),
      ];
    },
  };
}

/** A stream as the log's database keeps it beside the events. */
export interface KeptStream {
  readonly streamId: string;
  readonly version: number;
  /** Of an account, in minor units. */
  readonly balance: string | null;
}

/** What decisions are made on is what the events come to. */
export function checkKeptStates(kept: readonly KeptStream[]): LogCheck {
  const faults = new Faults();
  const wanted = new Map(kept.map((stream) => [stream.streamId, stream]));
  const balances = new Map<string, bigint>();
  return {
    take({ streamId, version, data }: Envelope) {
      const { balanceAfter } = data as { balanceAfter?: MoneyText };
      if (balanceAfter !== undefined) balances.set(streamId, minorUnits(balanceAfter));
      const stream = wanted.get(streamId);
      if (stream?.version !== version) return;
      wanted.delete(streamId);
      const balance = String(balances.get(streamId) ?? 0n);
      if (stream.balance === null || stream.balance === balance) return;
      faults.add(
        `stream ${streamId} is kept with ${stream.balance}, its events come to ${balance}`,
      );
    },
    finish() {
      for (const { streamId, version } of wanted.values()) {
        faults.add(`stream ${streamId} is kept at version ${version}, which it never had`);
      }
      const rule = "version and balance kept of each stream are those of its events";
      return [faults.check("log", rule, `${kept.length} streams`)];
    },
  };
}
