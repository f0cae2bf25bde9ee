import { makeLedgerId } from "@countinghouse/domain";
import type { EventStore, ScheduleBook } from "@countinghouse/event-store";
import {
  type AppDeps,
  type ConsistencyTokens,
  type Cursors,
  createApp,
  type InnerVerifier,
  serveOperations,
} from "@countinghouse/service-kit";
import type { FastifyInstance } from "fastify";
import { createBatcher } from "./batcher.ts";
import { createCardMask } from "./card-mask.ts";
import { AGGREGATES } from "./domain-aggregates.ts";
import { createExecutor } from "./executor.ts";
import { createHoldExpiry } from "./hold-expiry.ts";
import { createInterestWorker } from "./interest/interest-worker.ts";
import { createLedgers } from "./ledgers.ts";
import { createRandom } from "./random.ts";
import { adjustmentRoutes } from "./routes/adjustments.ts";
import { batchRoute } from "./routes/batch.ts";
import { cardRoutes } from "./routes/cards.ts";
import type { RouteDeps } from "./routes/deps.ts";
import { holdRoutes } from "./routes/holds.ts";
import { limitRoutes } from "./routes/limits.ts";
import { openAccountRoute } from "./routes/open-account.ts";
import { postingRoutes } from "./routes/postings.ts";
import { proposalRoutes } from "./routes/proposals.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { statusRoutes } from "./routes/status.ts";
import { tariffRoutes } from "./routes/tariff.ts";
import { transferRoutes } from "./routes/transfers.ts";
import { createScheduler } from "./schedules/scheduler.ts";

/** Random bytes of an id. */
const ID_BYTES = 8;

export interface CommandDeps extends Omit<AppDeps, "name" | "requestIds"> {
  readonly store: EventStore;
  readonly tokens: ConsistencyTokens;
  readonly verify: InnerVerifier;
  readonly userExists: RouteDeps["userExists"];
  readonly useOtp: RouteDeps["useOtp"];
  readonly when: RouteDeps["when"];
  /** The zone that the days of `when` are those of. */
  readonly timeZone: string;
  /** The key of what stands for card numbers in requests that are kept. */
  readonly maskKey: Buffer;
  readonly book: ScheduleBook;
  readonly cursors: Cursors;
}

/** The command service: route, decide, append, answer. */
export function buildApp(deps: CommandDeps): FastifyInstance {
  const { store, verify, userExists, useOtp, when } = deps;
  const app = createApp({ ...deps, name: "command", requestIds: "from gateway" });
  const random = createRandom(ID_BYTES);
  const newId = (ledger: number) => makeLedgerId(Date.now(), ledger, random());
  const batcher = createBatcher({ ...deps, aggregates: AGGREGATES });
  const executor = createExecutor({ ...deps, batcher });
  const expiry = createHoldExpiry({ ...deps, ...executor });
  app.addHook("onListen", async () => expiry.start());
  app.addHook("onClose", () => expiry.stop());
  const interest = createInterestWorker({ ...deps, ...executor });
  app.addHook("onListen", async () => interest.start());
  app.addHook("onClose", () => interest.stop());
  const routes: RouteDeps = {
    ...executor,
    ledgers: createLedgers(store),
    store,
    ...{ userExists, useOtp, when, newId },
  };
  const scheduler = createScheduler({ ...deps, ...routes });
  app.addHook("onListen", async () => scheduler.start());
  app.addHook("onClose", () => scheduler.stop());
  serveOperations(app, "command", verify, {
    openAccount: openAccountRoute(routes),
    ...postingRoutes(routes),
    ...statusRoutes(routes),
    ...transferRoutes(routes),
    ...scheduleRoutes({ ...deps, ...routes }),
    transferBatch: batchRoute(routes),
    ...holdRoutes(routes),
    ...limitRoutes(routes),
    ...adjustmentRoutes(routes),
    ...tariffRoutes({ ...deps, ...routes }),
    ...proposalRoutes(routes),
    ...cardRoutes(routes, createCardMask(deps.maskKey)),
  });
  return app;
}
