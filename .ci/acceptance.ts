// Starts the system as a user would, runs the acceptance suite against it, and ends it.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../packages/cli/src/free-ports.ts";
import { findKafka } from "../packages/testing/src/kafka/find-kafka.ts";

/** What later issues build; each takes its names off this list. */
const NOT_BUILT = "schedules";
const NO_LIMITS = Object.fromEntries(
  ["ADDRESS", "USER", "LOGIN", "REGISTER"].map((name) => [`RATE_LIMIT_${name}`, "0"]),
);
const START_TIMEOUT_MS = 180_000;

async function main(suite: string, way: string): Promise<number> {
  const isWithKafka = way === "processes-and-kafka";
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-acceptance-"));
  const kafka = isWithKafka ? await findKafka() : undefined;
  if (kafka !== undefined && "reason" in kafka) throw new Error(`no Kafka: ${kafka.reason}`);
  const [port = 0] = await freePorts(1);
  const env = {
    ...process.env,
    ...NO_LIMITS,
    PORT: String(port),
    COUNTINGHOUSE_DATA: folder,
    ...(kafka !== undefined && { KAFKA_BROKERS: kafka.brokers }),
  };
  const bank = spawn("npm", ["start", ...(isWithKafka ? ["--", "--processes"] : [])], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  try {
    await untilReady(bank);
    const admin = { email: "admin@example.com", password: randomBytes(12).toString("hex") };
    await makeAdmin(env, admin);
    const address = `http://127.0.0.1:${port}`;
    return await run(suite, [address, "--without", NOT_BUILT], {
      ...env,
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
    });
  } finally {
    if (bank.pid !== undefined && bank.exitCode === null) {
      process.kill(-bank.pid, "SIGINT");
      await once(bank, "exit");
    }
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function untilReady(bank: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no start in time")), START_TIMEOUT_MS);
    bank.once("exit", () => reject(new Error("the start failed")));
    bank.stdout?.on("data", (chunk: Buffer) => {
      process.stdout.write(chunk);
      if (!chunk.includes("Ctrl-C")) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function makeAdmin(
  env: NodeJS.ProcessEnv,
  { email, password }: { email: string; password: string },
): Promise<void> {
  const args = ["run", "--silent", "countinghouse", "--", "users", "create-admin"];
  const child = spawn("npm", [...args, "--email", email], {
    env,
    stdio: ["pipe", "inherit", "inherit"],
  });
  child.stdin?.end(`${password}\n`);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error("no administrator could be made");
}

async function run(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [code] = await once(spawn(file, args, { env, stdio: "inherit" }), "exit");
  return code;
}

const [, , suite = "", way = ""] = process.argv;
process.exitCode = await main(suite, way);
