// Starts the system as a user would, runs the acceptance suite against it, and ends it.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../packages/cli/src/free-ports.ts";
import { findKafka } from "../packages/testing/src/kafka/find-kafka.ts";

const NO_LIMITS = Object.fromEntries(
  ["ADDRESS", "USER", "LOGIN", "REGISTER"].map((name) => [`RATE_LIMIT_${name}`, "0"]),
);
const START_TIMEOUT_MS = 180_000;

/** How the bank is started, and which groups of the suite are run; all unless some are named. */
interface Way {
  readonly args: readonly string[];
  readonly isWithKafka?: boolean;
  readonly groups?: readonly string[];
}

const WAYS: Readonly<Record<string, Way>> = {
  "one-process": { args: [] },
  // What goes another way with Kafka and with a process for each service.
  "processes-and-kafka": {
    args: ["--", "--processes"],
    isWithKafka: true,
    groups: ["identity", "consistency", "queries", "log", "stream", "holds", "schedules", "cards"],
  },
  // What has to hold whichever of several instances is asked, asked through either gateway.
  "two-of-each": {
    args: ["--", "--processes", "--instances", "query=2,gateway=2"],
    groups: ["consistency", "queries", "log", "stream"],
  },
};

async function main(suite: string, way: string): Promise<number> {
  const { args, isWithKafka, groups = [] } = WAYS[way] ?? {};
  if (args === undefined) throw new Error(`a way is one of: ${Object.keys(WAYS).join(", ")}`);
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
  const bank = spawn("npm", ["start", ...args], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  try {
    const gateways = await gatewaysOf(bank);
    const admin = { email: "admin@example.com", password: randomBytes(12).toString("hex") };
    await makeAdmin(env, admin);
    const chosen = groups.flatMap((group) => ["--group", group]);
    let failures = 0;
    for (const gateway of gateways) {
      failures += await run(suite, [gateway, ...chosen], {
        ...env,
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
      });
    }
    return Math.min(failures, 1);
  } finally {
    if (bank.pid !== undefined && bank.exitCode === null) {
      process.kill(-bank.pid, "SIGINT");
      await once(bank, "exit");
    }
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The URLs of the gateways, once all is ready. */
function gatewaysOf(bank: ChildProcess): Promise<string[]> {
  let said = "";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no start in time")), START_TIMEOUT_MS);
    bank.once("exit", () => reject(new Error("the start failed")));
    bank.stdout?.on("data", (chunk: Buffer) => {
      process.stdout.write(chunk);
      said += chunk;
      if (!said.includes("Ctrl-C")) return;
      clearTimeout(timer);
      resolve([...said.matchAll(/Gateway(?: \d+)?\s+│\s+(\S+)/g)].map(([, url = ""]) => url));
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
