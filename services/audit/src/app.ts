import {
  type AppDeps,
  createApp,
  type InnerVerifier,
  serveOperations,
} from "@countinghouse/service-kit";
import type { FastifyInstance } from "fastify";
import type { RouteDeps } from "./routes/deps.ts";
import { handleConsistency, handleInclusion } from "./routes/proofs.ts";
import { handleReceipt } from "./routes/receipt.ts";
import { handleRefold } from "./routes/refold.ts";
import { handleCheckpoint, handleKey, handleTile } from "./routes/tree.ts";

export interface AuditDeps extends RouteDeps, Omit<AppDeps, "name" | "requestIds"> {
  readonly verify: InnerVerifier;
}

/** The trees of the ledgers as HTTP: checkpoints, proofs, tiles, accounts folded anew, receipts. */
export function buildApp(deps: AuditDeps): FastifyInstance {
  const app = createApp({ ...deps, name: "audit", requestIds: "from gateway" });
  serveOperations(app, "audit", deps.verify, {
    auditCheckpoint: handleCheckpoint(deps),
    auditKey: handleKey(deps),
    readTile: handleTile(deps),
    proveInclusion: handleInclusion(deps),
    proveConsistency: handleConsistency(deps),
    refoldAccount: handleRefold(deps),
    receipt: handleReceipt(deps),
  });
  return app;
}
