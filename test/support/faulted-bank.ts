import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { topicsOf } from "@countinghouse/contracts";
import { fetchJars, type LocalCluster, startLocalCluster } from "@countinghouse/testing";
import { leadersOf } from "@countinghouse/testing/kafka-topic";
import { openBank, type RunningBank } from "./running-bank.ts";
import { descendantsOf, kill } from "./start.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PREFIX = "faults";
/** The topic in which the bank's events are. */
export const TOPIC = topicsOf(PREFIX).accountEvents;

/** A bank of processes on three brokers, with a second relay, and the ways to hurt all of it. */
export interface FaultedBank {
  readonly bank: RunningBank;
  readonly cluster: LocalCluster;
  /** Kills the broker that leads most partitions, and gives the way to bring it back. */
  killLeader(): Promise<() => Promise<void>>;
  /** The process of a service that the bank supervises. */
  pidOf(service: string): number;
  /** The relay that the bank knows nothing of. */
  readonly secondRelay: { pid(): number; start(): void };
  close(): Promise<void>;
}

export async function openFaultedBank(): Promise<FaultedBank> {
  await fetchJars();
  const cluster = await startLocalCluster(mkdtempSync(join(tmpdir(), "countinghouse-cluster-")));
  const settings = {
    ...{ KAFKA_BROKERS: cluster.brokers, TOPIC_REPLICATION: "3", TOPIC_PREFIX: PREFIX },
  };
  const bank = await openBank(["--processes"], settings).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  const pidOf = (service: string) => processOf(bank.pid(), service);
  let second: ChildProcess | undefined;
  const start = () => {
    // As the bank's own, from its very settings, but for the port.
    const env = { ...environmentOf(pidOf("relay")), PORT: "0" };
    second = spawn(process.execPath, [join(ROOT, "services/relay/src/main.ts")], {
      env,
      stdio: "ignore",
    });
  };
  start();
  return {
    bank,
    cluster,
    pidOf,
    secondRelay: { pid: () => second?.pid ?? 0, start },
    killLeader: () => killLeader(cluster),
    async close() {
      second?.kill("SIGKILL");
      await bank.close();
      await cluster.stop();
    },
  };
}

function processOf(ancestor: number, service: string): number {
  const entry = `services/${service}/src/main.ts`;
  const pid = descendantsOf(ancestor).find((one) => commandLineOf(one).includes(entry));
  if (pid === undefined) throw new Error(`no process of ${service}`);
  return pid;
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function environmentOf(pid: number): Record<string, string> {
  const lines = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);
  const pairs = lines.map((line): [string, string] => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return Object.fromEntries(pairs.filter(([name]) => !name.startsWith("NODE_CHANNEL")));
}

async function killLeader(cluster: LocalCluster): Promise<() => Promise<void>> {
  const leaders = await leadersOf(cluster.brokers, TOPIC);
  const led = (id: number) => leaders.filter((leader) => leader === id).length;
  const [leader] = [...cluster.nodes].sort((a, b) => led(b.id) - led(a.id));
  if (leader === undefined || led(leader.id) === 0) throw new Error("nobody leads");
  await leader.kill();
  return () => leader.start();
}

/** Stops a process in its tracks for a while. */
export async function pauseProcess(pid: number, ms: number): Promise<void> {
  kill(pid, "SIGSTOP");
  await delay(ms);
  kill(pid, "SIGCONT");
}
