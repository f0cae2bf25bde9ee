import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { Kafka, logLevel } from "kafkajs";
import { endWithUs } from "../end-with-us.ts";
import { CLASS_PATH } from "./jars.ts";

const CLUSTER_ID = "AAAAAAAAQACAAAAAAAAAAQ";
/** A node that comes back on a busy machine, with the others at work beside it, takes its time. */
const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 25;
const JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true"];
const QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
const run = promisify(execFile);

/** A node of a Kafka cluster, broker and controller at once. */
export interface NodeSpec {
  readonly id: number;
  /** Its own; what is in it is removed. */
  readonly folder: string;
  readonly port: number;
  /** `id@host:port` of the controllers of all nodes. */
  readonly voters: readonly string[];
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Users of SCRAM and their passwords. */
  readonly scram?: Readonly<Record<string, string>>;
}

/** A process of Kafka on the local JVM. */
export interface LocalNode {
  readonly address: string;
  /** Begins; `untilReady` tells when it takes requests. */
  launch(): void;
  /** Resolves once a cluster of so many brokers answers here. Throws with the end of its output. */
  untilReady(brokers: number): Promise<void>;
  /** Resolves once the process has gone; at once when there is none. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Stops the process in its tracks, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  removeData(): void;
}

/** Writes the settings of a node and formats its storage. Needs Java 17 and the jars. */
export async function formatNode(spec: NodeSpec): Promise<LocalNode> {
  const { folder } = spec;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "server.properties"), propertiesOf(spec));
  const args = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID];
  const file = ["-c", join(folder, "server.properties")];
  const users = Object.entries(spec.scram ?? {}).flatMap(([name, password]) => {
    return ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => {
      return ["-S", `${mechanism}=[name=${name},password=${password}]`];
    });
  });
  await run("java", ["-Xmx64m", ...javaArgs(), ...args, ...users, ...file]);
  return createNode(spec);
}

function createNode({ folder, port }: NodeSpec): LocalNode {
  let server: ChildProcess | undefined;
  const isRunning = () => {
    return server !== undefined && server.exitCode === null && server.signalCode === null;
  };
  return {
    address: `127.0.0.1:${port}`,
    launch() {
      server = spawnNode(folder);
    },
    async untilReady(brokers) {
      const until = Date.now() + READY_TIMEOUT_MS;
      while (Date.now() < until && isRunning()) {
        if (await answers(`127.0.0.1:${port}`, brokers)) return;
        await delay(POLL_MS);
      }
      server?.kill("SIGKILL");
      const log = readFileSync(join(folder, "server.log"), "utf8").trim().split("\n").slice(-20);
      throw new Error(`Kafka did not start:\n${log.join("\n")}`);
    },
    async end(signal) {
      const ended = server;
      if (ended === undefined || !isRunning()) return;
      const gone = new Promise((done) => ended.once("exit", done));
      ended.kill(signal);
      await gone;
    },
    signal: (signal) => void server?.kill(signal),
    removeData: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function spawnNode(folder: string): ChildProcess {
  const log = openSync(join(folder, "server.log"), "a");
  const properties = join(folder, "server.properties");
  const args = ["-Xms64m", "-Xmx256m", ...javaArgs(), "kafka.Kafka", properties];
  const server = spawn("java", args, { stdio: ["ignore", log, log] });
  closeSync(log);
  if (server.pid !== undefined) server.once("exit", endWithUs(server.pid, "KILL"));
  return server;
}

function javaArgs(): readonly string[] {
  return [...JVM, QUIET, "-cp", CLASS_PATH];
}

async function answers(address: string, brokers: number): Promise<boolean> {
  const admin = new Kafka({
    brokers: [address],
    clientId: "readiness",
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length >= brokers;
  } catch {
    return false;
  } finally {
    await admin.disconnect();
  }
}

function propertiesOf({ id, folder, port, voters, settings }: NodeSpec): string {
  const controller = voters.find((voter) => voter.startsWith(`${id}@`))?.split("@")[1];
  const all = {
    "process.roles": "broker,controller",
    "node.id": id,
    "controller.quorum.voters": voters.join(","),
    listeners: `BROKER://127.0.0.1:${port},CONTROLLER://${controller}`,
    "advertised.listeners": `BROKER://127.0.0.1:${port}`,
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "BROKER",
    "controller.listener.names": "CONTROLLER",
    "log.dirs": join(folder, "data"),
    "auto.create.topics.enable": false,
    "offsets.topic.num.partitions": 1,
    "group.initial.rebalance.delay.ms": 0,
    "log.cleaner.dedupe.buffer.size": 4_194_304,
    "broker.session.timeout.ms": 3_000,
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
