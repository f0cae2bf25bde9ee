import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { freePorts } from "@countinghouse/cli";
import { Kafka, logLevel } from "kafkajs";
import { endWithUs } from "../end-with-us.ts";

const HOME = resolve(import.meta.dirname, "../../kafka");
const LIBS = join(HOME, "libs");
const CLUSTER_ID = "AAAAAAAAQACAAAAAAAAAAQ";
const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
const TRIES = 3;
const run = promisify(execFile);

/** A Kafka broker on the local JVM: one node in KRaft mode, its data in a folder of its own. */
export interface LocalBroker {
  readonly brokers: string;
  /** Ends it at once, as a power cut would; `start` brings it back on the same data. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/**
 * Fetches the broker's jars with Maven, unless they are here. They appear all at once, so that runs
 * side by side do not break each other's. Throws when there is no Maven.
 */
export async function fetchJars(): Promise<void> {
  const stamp = join(LIBS, ".stamp");
  const hash = createHash("sha256")
    .update(readFileSync(join(HOME, "pom.xml")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  const fetched = `${LIBS}.${process.pid}`;
  const args = ["-B", "-ntp", "-q", "dependency:copy-dependencies", `-Dlibs=${fetched}`];
  try {
    await run("mvn", args, { cwd: HOME });
    writeFileSync(join(fetched, ".stamp"), hash);
    rmSync(LIBS, { recursive: true, force: true });
    renameSync(fetched, LIBS);
  } catch (cause) {
    // Another run may have been quicker.
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no Maven (mvn)" : message;
    throw new Error(`the broker's jars could not be fetched: ${reason}`, { cause });
  } finally {
    rmSync(fetched, { recursive: true, force: true });
  }
}

/** Formats and starts a broker with its data in `folder`. Needs Java 17 and the jars. */
export async function startLocalBroker(folder: string): Promise<LocalBroker> {
  for (let tries = 1; ; tries += 1) {
    const [port = 0, controller = 0] = await freePorts(2);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const properties = join(folder, "server.properties");
    writeFileSync(properties, settings(folder, port, controller));
    await java(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", properties]);
    try {
      return await supervised(folder, properties, `127.0.0.1:${port}`);
    } catch (error) {
      // Another process may have taken the port between our asking and the broker's binding.
      if (tries === TRIES) throw error;
    }
  }
}

async function supervised(
  folder: string,
  properties: string,
  brokers: string,
): Promise<LocalBroker> {
  let server: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals) => {
    const ended = server;
    if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
    const gone = new Promise((done) => ended.once("exit", done));
    ended.kill(signal);
    await gone;
  };
  const start = async () => {
    server = launch(folder, properties);
    await untilReady(server, brokers, folder);
  };
  await start();
  return {
    brokers,
    start,
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settings(folder: string, port: number, controller: number): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=BROKER://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=BROKER://127.0.0.1:${port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs=${join(folder, "data")}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4194304
broker.session.timeout.ms=3000
`;
}

const JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true"];
const QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";

function java(args: readonly string[]): Promise<unknown> {
  return run("java", ["-Xmx64m", ...JVM, QUIET, "-cp", join(LIBS, "*"), ...args]);
}

function launch(folder: string, properties: string): ChildProcess {
  const log = openSync(join(folder, "server.log"), "a");
  const memory = ["-Xms64m", "-Xmx256m"];
  const args = [...memory, ...JVM, QUIET, "-cp", join(LIBS, "*"), "kafka.Kafka", properties];
  const server = spawn("java", args, { stdio: ["ignore", log, log] });
  closeSync(log);
  if (server.pid !== undefined) server.once("exit", endWithUs(server.pid, "KILL"));
  return server;
}

async function untilReady(server: ChildProcess, brokers: string, folder: string): Promise<void> {
  const kafka = new Kafka({
    brokers: [brokers],
    clientId: "readiness",
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 0 },
  });
  const until = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < until && server.exitCode === null && server.signalCode === null) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      const cluster = await admin.describeCluster();
      if (cluster.brokers.length === 1) return;
    } catch {
      await delay(POLL_MS);
    } finally {
      await admin.disconnect();
    }
  }
  server.kill("SIGKILL");
  const log = readFileSync(join(folder, "server.log"), "utf8").trim().split("\n").slice(-20);
  throw new Error(`Kafka did not start:\n${log.join("\n")}`);
}
