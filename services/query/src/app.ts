import {
  type AppDeps,
  createApp,
  type InnerVerifier,
  serveOperations,
} from "@countinghouse/service-kit";
import type { FastifyInstance } from "fastify";
import type { LiveHub } from "./live/hub.ts";
import { handleGetAccount, handleListAccounts } from "./routes/accounts.ts";
import { handleBalanceAt, handleDailyBalances } from "./routes/balances.ts";
import { bankingRoutes } from "./routes/banking.ts";
import { handleStatement, type StatementDeps } from "./routes/statements.ts";
import { handleStreamTransactions } from "./routes/stream.ts";
import { handleListTransactions } from "./routes/transactions.ts";
import { handleTrialBalance } from "./routes/trial-balance.ts";

export interface QueryDeps extends StatementDeps, Omit<AppDeps, "name" | "requestIds"> {
  readonly verify: InnerVerifier;
  readonly live: LiveHub;
}

/** The read side of the bank as HTTP. */
export function buildApp(deps: QueryDeps): FastifyInstance {
  const app = createApp({ ...deps, name: "query", requestIds: "from gateway" });
  serveOperations(app, "query", deps.verify, {
    listAccounts: handleListAccounts(deps),
    getAccount: handleGetAccount(deps),
    listTransactions: handleListTransactions(deps),
    balanceAt: handleBalanceAt(deps),
    dailyBalances: handleDailyBalances(deps),
    statement: handleStatement(deps),
    trialBalance: handleTrialBalance(deps),
    ...bankingRoutes(deps),
    streamTransactions: handleStreamTransactions(deps, deps.live),
  });
  app.closing.addEventListener("abort", () => deps.live.close(), { once: true });
  return app;
}
