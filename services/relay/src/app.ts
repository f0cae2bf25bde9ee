import type { LogReader } from "@countinghouse/event-store";
import {
  type AppDeps,
  createApp,
  type InnerVerifier,
  serveOperations,
} from "@countinghouse/service-kit";
import type { FastifyInstance } from "fastify";
import { createLogText } from "./log/follow.ts";
import { createSeats } from "./log/seats.ts";
import type { Tail } from "./log/tail.ts";
import { logRoutes } from "./routes/log.ts";

/** Followers at once; each costs a connection and little else. */
export const FOLLOWERS_MAX = { users: 100, services: 100 } as const;

export interface RelayDeps extends Omit<AppDeps, "name" | "requestIds"> {
  readonly verify: InnerVerifier;
  readonly reader: LogReader;
  readonly tail: Tail;
}

/** The log's way out over HTTP. */
export function buildApp(deps: RelayDeps): FastifyInstance {
  const { reader, tail, metrics, verify } = deps;
  const app = createApp({ ...deps, name: "relay", requestIds: "from gateway" });
  const seats = {
    users: createSeats(FOLLOWERS_MAX.users),
    services: createSeats(FOLLOWERS_MAX.services),
  };
  metrics.gauge("log_followers", "Open followed reads of the log", ["kind"], (gauge) => {
    for (const kind of ["users", "services"] as const) gauge.set({ kind }, seats[kind].taken);
  });
  const text = createLogText(reader, tail);
  serveOperations(app, "relay", verify, logRoutes({ reader, text, seats }));
  return app;
}
