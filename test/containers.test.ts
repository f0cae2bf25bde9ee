import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { filesFor, freePorts, readSettings, startPostgres } from "@countinghouse/cli";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = resolve(import.meta.dirname, "..");
const SERVICES = ["auth", "relay", "command", "query", "audit", "gateway"];
const text = readFileSync(join(ROOT, "docker-compose.yml"), "utf8");
const { services } = parse(text, { merge: true }) as {
  services: Record<string, { command: string[] }>;
};

let folder = "";
let postgres: Awaited<ReturnType<typeof startPostgres>>;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-containers-"));
  postgres = await startPostgres(join(folder, "postgres"), "pw", join(folder, "log"));
});
afterAll(async () => {
  for (const child of processes) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs what a container runs, with its settings and no others. */
function runContainer(name: string, env: object): ChildProcess {
  const [, ...args] = services[name]?.command ?? [];
  const settings = { PATH: process.env.PATH, ...env } as NodeJS.ProcessEnv;
  const child = spawn(process.execPath, args, { cwd: ROOT, env: settings, stdio: "ignore" });
  processes.push(child);
  return child;
}

test("the containers' commands with their settings make a system that is ready", async () => {
  const ports = await freePorts(SERVICES.length);
  const portOf = (name: string) => ports[SERVICES.indexOf(name)];
  const files = filesFor(readSettings({ DATABASE_URL: postgres.url }));
  const [code] = await once(runContainer("migrate", files.migrate ?? {}), "exit");
  expect(code).toBe(0);
  for (const name of SERVICES) {
    // On one machine names become ports; there is no Kafka beside these processes.
    const { KAFKA_BROKERS, ...env } = files[name] ?? {};
    const here = Object.entries(env).map(([key, value = ""]) => {
      return [
        key,
        value.replace(/^http:\/\/(\w+):8080$/, (_, to) => `http://127.0.0.1:${portOf(to)}`),
      ];
    });
    const own = {
      ...{ HOST: "127.0.0.1", PORT: String(portOf(name)), INTERNAL_PORT: "0" },
      ...(env.CHECKPOINT_FOLDER && { CHECKPOINT_FOLDER: join(folder, "checkpoints") }),
    };
    runContainer(name, { ...Object.fromEntries(here), ...own, INTERNAL_HOST: "127.0.0.1" });
  }
  for (const name of SERVICES) {
    const url = `http://127.0.0.1:${portOf(name)}/readyz`;
    const status = () =>
      fetch(url).then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(status, { timeout: 20_000, message: name }).toBe(200);
  }
  const running = processes.slice(1).map(({ exitCode }) => exitCode);
  expect(running).toEqual(SERVICES.map(() => null));
});
