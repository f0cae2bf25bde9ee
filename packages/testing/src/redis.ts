import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { freePorts } from "@countinghouse/cli";
import { describe } from "vitest";
import { endWithUs } from "./end-with-us.ts";

const START_MS = 5_000;
const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
if (!hasRedis && process.env.REQUIRE_REDIS === "1") {
  throw new Error("REQUIRE_REDIS is set, but there is no redis-server on the path");
}

/** `describe` for tests that need Redis; skipped where there is none. */
export const describeWithRedis = describe.runIf(hasRedis);

/** A Redis for tests, which keeps nothing. */
export interface TestRedis {
  readonly url: string;
  /** Ends it at once, and starts it again at the same place, empty. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Lets it hold its breath: connections stay, answers do not come. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  const [port = 0] = await freePorts(1);
  let server = await launch(port);
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill("SIGKILL");
    await once(server, "exit");
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async start() {
      server = await launch(port);
    },
    pause: () => void server.kill("SIGSTOP"),
    resume: () => void server.kill("SIGCONT"),
    stop: kill,
  };
}

async function launch(port: number): Promise<ChildProcess> {
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn("redis-server", args, { stdio: "ignore" });
  const callOff = endWithUs(server.pid ?? 0, "KILL");
  server.once("exit", callOff);
  const until = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (Date.now() > until) throw new Error("redis-server did not start");
  }
  return server;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => setTimeout(resolve, 20, false));
    socket.once("connect", () => socket.destroy());
  });
}
