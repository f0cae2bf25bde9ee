import { makeLedgerId } from "@countinghouse/domain";
import type { EventStore } from "@countinghouse/event-store";
import {
  type AppDeps,
  type ConsistencyTokens,
  createApp,
  type InnerVerifier,
  serveOperations,
} from "@countinghouse/service-kit";
import type { FastifyInstance } from "fastify";
import { createBatcher } from "./batcher.ts";
import { AGGREGATES } from "./domain-aggregates.ts";
import { createExecutor } from "./executor.ts";
import { createLedgers } from "./ledgers.ts";
import { createRandom } from "./random.ts";
import { batchRoute } from "./routes/batch.ts";
import type { RouteDeps } from "./routes/deps.ts";
import { openAccountRoute } from "./routes/open-account.ts";
import { postingRoutes } from "./routes/postings.ts";
import { statusRoutes } from "./routes/status.ts";
import { transferRoutes } from "./routes/transfers.ts";

/** Random bytes of an id. */
const ID_BYTES = 8;

export interface CommandDeps extends Omit<AppDeps, "name" | "requestIds"> {
  readonly store: EventStore;
  readonly tokens: ConsistencyTokens;
  readonly verify: InnerVerifier;
  readonly userExists: RouteDeps["userExists"];
}

/** The command service: route, decide, append, answer. */
export function buildApp(deps: CommandDeps): FastifyInstance {
  const { store, verify, userExists } = deps;
  const app = createApp({ ...deps, name: "command", requestIds: "from gateway" });
  const random = createRandom(ID_BYTES);
  const newId = (ledger: number) => makeLedgerId(Date.now(), ledger, random());
  const batcher = createBatcher({ ...deps, aggregates: AGGREGATES });
  const routes: RouteDeps = {
    ...createExecutor({ ...deps, batcher }),
    ledgers: createLedgers(store),
    store,
    userExists,
    newAccountId: newId,
    newTransferId: newId,
  };
  serveOperations(app, "command", verify, {
    openAccount: openAccountRoute(routes),
    ...postingRoutes(routes),
    ...statusRoutes(routes),
    ...transferRoutes(routes),
    transferBatch: batchRoute(routes),
  });
  return app;
}
