// The relay and the audit as processes of their own, on the databases of a benchmark.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { urlFor } from "@countinghouse/cli";
import {
  createInnerSigner,
  deriveKey,
  ed25519FromSeed,
  ed25519PublicKey,
  type InnerSigner,
} from "@countinghouse/service-kit";
import type { World } from "@countinghouse/testing/world";

const SERVICES = resolve(import.meta.dirname, "../..");
const seed = (issuer: string) => deriveKey("a secret for benchmarks", `inner:${issuer}`);

export const CHECKPOINT_KEY = Buffer.alloc(32, 7).toString("base64url");

export interface Running {
  readonly url: string;
  readonly internalUrl: string;
  readonly pid: number;
  end(): Promise<void>;
}

/** What the gateway signs its requests with. */
export function gatewaySigner(): InnerSigner {
  return createInnerSigner("gateway", seed("gateway").toString("base64url"));
}

export function startRelay({ server }: World): Promise<Running> {
  return start("relay", { DATABASE_URL: urlFor(server, "countinghouse_relay", "ledger") });
}

export function startAudit(
  { server, folder }: World,
  relay: Running,
  settings: Record<string, string> = {},
): Promise<Running> {
  return start("audit", {
    DATABASE_URL: urlFor(server, "countinghouse_audit", "audit"),
    RELAY_URL: relay.url,
    INNER_PRIVATE_KEY: seed("audit").toString("base64url"),
    CHECKPOINT_KEY,
    CHECKPOINT_FOLDER: join(folder, "checkpoints"),
    ...settings,
  });
}

async function start(name: string, env: Record<string, string>): Promise<Running> {
  const keys = ["gateway", "audit"].map((issuer) => {
    return [issuer, ed25519PublicKey(ed25519FromSeed(seed(issuer)))];
  });
  const child = fork(join(SERVICES, name, "src/main.ts"), {
    env: {
      ...{ PATH: process.env.PATH, NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS },
      ...{ ENVIRONMENT: "test", LOG_LEVEL: "warn" },
      INNER_PUBLIC_KEYS: JSON.stringify(Object.fromEntries(keys)),
      ...env,
    },
    stdio: "inherit",
  });
  const [{ ready }] = (await once(child, "message")) as [
    { ready: { url: string; internalUrl: string } },
  ];
  return { ...ready, pid: child.pid ?? 0, end: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** A figure of the service's metrics; 0 while it is not there. */
export async function metricOf({ internalUrl }: Running, name: string): Promise<number> {
  const text = await (await fetch(`${internalUrl}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name}{`));
  return Number(line?.split(" ").at(-1) ?? 0);
}
