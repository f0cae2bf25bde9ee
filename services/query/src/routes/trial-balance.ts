import { moneyText } from "@countinghouse/domain";
import { type Handler, malformed } from "@countinghouse/service-kit";
import {
  type GlBalance,
  lastJournalEntry,
  trialBalanceAt,
  trialBalanceOfAll,
} from "../projections/general-ledger/queries.ts";
import { readFor } from "./consistent-read.ts";
import type { RouteDeps } from "./deps.ts";

export function handleTrialBalance(deps: RouteDeps): Handler<"trialBalance"> {
  return async (call) => {
    const { at: asked } = call.query;
    const { at, balances } = await readFor(deps, call, async (tx) => {
      const last = await lastJournalEntry(tx);
      const now = deps.now();
      const latest = last !== undefined && last > now ? last : now;
      if (asked === undefined) return { at: latest, balances: await trialBalanceOfAll(tx) };
      const at = new Date(asked);
      if (at > latest) throw malformed("?at", "is in the future");
      return { at, balances: await trialBalanceAt(tx, at) };
    });
    return { status: 200, body: { at: at.toISOString(), items: balances.map(show) } };
  };
}

function show({ gl_account, currency, debits, credits }: GlBalance) {
  return {
    glAccount: gl_account,
    currency,
    debits: moneyText(BigInt(debits), currency),
    credits: moneyText(BigInt(credits), currency),
  };
}
