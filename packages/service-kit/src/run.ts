import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import fastify from "fastify";
import { ConfigError, type Env } from "./config.ts";
import { addHealthRoutes, type ReadinessCheck } from "./health.ts";
import type { Metrics } from "./metrics.ts";

/** How long a service has to end its open requests. */
const CLOSE_TIMEOUT_MS = 8_000;
/** How long a client may take to read its answer once the service closes; then it is cut off. */
const LAST_READS_MS = 3_000;

/** A service that answers requests. */
export interface RunningService {
  readonly name: string;
  readonly url: string;
  readonly internalUrl: string;
  /** Ends open requests, then lets go of everything the service holds. */
  close(): Promise<void>;
}

export interface Running {
  readonly name: string;
  readonly app: FastifyInstance;
  readonly metrics: Metrics;
  readonly readiness: readonly ReadinessCheck[];
  readonly config: {
    readonly HOST: string;
    readonly PORT: number;
    readonly INTERNAL_HOST: string;
    readonly INTERNAL_PORT: number;
  };
  /** What to let go of once no request is open, in this order. */
  readonly release: readonly (() => Promise<unknown>)[];
}

/** Opens the public and the internal port of a service. */
export async function listen(running: Running): Promise<RunningService> {
  const { name, app, metrics, readiness, config, release } = running;
  const internal = internalApp(metrics, readiness);
  const close = async () => {
    const cut = setTimeout(() => app.server.closeAllConnections(), LAST_READS_MS);
    await app.close().finally(() => clearTimeout(cut));
    await internal.close();
    for (const letGo of release) await letGo();
  };
  try {
    const internalUrl = await open(internal, config.INTERNAL_HOST, config.INTERNAL_PORT);
    const url = await open(app, config.HOST, config.PORT);
    return { name, url, internalUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `/livez`, `/readyz` and `/metrics`, on a port that the gateway does not route to. */
function internalApp(metrics: Metrics, readiness: readonly ReadinessCheck[]): FastifyInstance {
  const app = fastify({ forceCloseConnections: true, exposeHeadRoutes: false });
  addHealthRoutes(app, readiness);
  app.get("/metrics", { config: { access: "public" } }, async (_, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  return app;
}

async function open(app: FastifyInstance, host: string, port: number): Promise<string> {
  await app.listen({ host, port });
  const { port: bound } = app.server.address() as AddressInfo;
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const scheme = "setSecureContext" in app.server ? "https" : "http";
  return `${scheme}://${name.includes(":") ? `[${name}]` : name}:${bound}`;
}

/**
 * Runs a service as a process of its own: ends it on SIGTERM or SIGINT, or when the supervisor that
 * started it has gone. A wrong configuration ends with one line on standard error and exit code 1.
 */
export async function runAsProcess(start: (env: Env) => Promise<RunningService>): Promise<void> {
  try {
    const service = await start(process.env);
    const { name, url, internalUrl } = service;
    process.send?.({ ready: { name, url, internalUrl } });
    const end = () => endProcess(service);
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
    process.once("disconnect", end);
  } catch (error) {
    const text = error instanceof ConfigError ? error.message : String((error as Error).stack);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
    if (process.connected) process.disconnect();
    setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
  }
}

let ending = false;

function endProcess(service: RunningService): void {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
  service.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
}
