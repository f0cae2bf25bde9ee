// Runs on Node 20 and npm alone: installs what is missing, then hands over to the Node 24 that came
// with it.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PNPM = "pnpm@12.21.0";
const STAMP = join(ROOT, "node_modules", ".countinghouse-installed");
const LOCK = join(ROOT, ".installing");
/** A lock that names nobody yet is being written; one that stays so is left over. */
const LOCK_WRITING_MS = 2_000;
const LOCK_POLL_MS = 250;
const OUTPUT_SHOWN = 30;
const PARENT_POLL_MS = 250;

const COMMANDS = {
  start: (args) => ["packages/cli/src/main.ts", "start", ...args],
  cli: (args) => ["packages/cli/src/main.ts", ...args],
  chaos: (args) => ["packages/chaos/src/main.ts", ...args],
  test: (args) => ["node_modules/vitest/vitest.mjs", "run", ...args],
};

async function main([name, ...args]) {
  const command = COMMANDS[name];
  if (command === undefined) return fail(`bootstrap: unknown command ${name}`);
  if (!isInstalled()) await install(name === "cli");
  return run(nodePath(), command(args), name === "start");
}

/** What an installation depends on; when it is as it was, there is nothing to install. */
function fingerprint() {
  const hash = createHash("sha256");
  const patches = existsSync(join(ROOT, "patches"))
    ? readdirSync(join(ROOT, "patches")).sort()
    : [];
  const files = [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    ...patches.map((p) => join("patches", p)),
  ];
  for (const file of files) hash.update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

function isInstalled() {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === fingerprint();
}

async function install(isQuiet) {
  await takeLock(isQuiet);
  if (isInstalled()) return releaseLock();
  if (!isQuiet) console.log("Installing packages (once; about half a minute) …");
  const args = ["install", "--frozen-lockfile", "--prefer-offline"];
  // A folder of another package manager is replaced without a question that nobody could answer.
  args.push("--config.confirmModulesPurge=false");
  const { code, output } = await collect("npx", ["--yes", PNPM, ...args], !isQuiet);
  if (code !== 0) {
    console.error(output.trimEnd().split("\n").slice(-OUTPUT_SHOWN).join("\n"));
    fail("The packages could not be installed; the lines above say why.");
  }
  writeFileSync(STAMP, fingerprint());
  releaseLock();
}

/** One installation at a time in one folder: the second waits for the first, if that one lives. */
async function takeLock(isQuiet) {
  for (let rounds = 0; ; rounds += 1) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" });
      process.on("exit", releaseLock);
      return;
    } catch (error) {
      if (error.code !== "EEXIST") fail(`This folder cannot be written to: ${ROOT}`);
      if (isLeftOver()) releaseLock();
      else if (rounds === 0 && !isQuiet) console.log("Waiting for another installation here …");
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  }
}

function releaseLock() {
  process.off("exit", releaseLock);
  rmSync(LOCK, { recursive: true, force: true });
}

function isLeftOver() {
  try {
    const pid = Number(readFileSync(LOCK, "utf8")) || 0;
    if (pid === 0) return Date.now() - statSync(LOCK).mtimeMs > LOCK_WRITING_MS;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function collect(file, args, showsProgress) {
  const shell = process.platform === "win32";
  // Under `npm run --silent` npx would keep even its errors to itself.
  const env = { ...process.env, npm_config_loglevel: "error" };
  const child = spawn(file, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"], shell });
  let output = "";
  let shown = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
      const [progress] = /Progress: [^\n]*$/m.exec(String(chunk)) ?? [];
      if (showsProgress && process.stdout.isTTY && progress && progress !== shown) {
        shown = progress;
        process.stdout.write(`\r\x1b[K${progress}`);
      }
    });
  }
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: 1, output: `${output}\n${error.message}` }));
    child.on("close", (code) => {
      if (shown) process.stdout.write("\r\x1b[K");
      resolve({ code, output });
    });
  });
}

/** The binary of the npm package `node`, without the detour of its launcher. */
function nodePath() {
  const require = createRequire(join(ROOT, "package.json"));
  const folder = dirname(require.resolve("node/package.json"));
  const name = process.platform === "win32" ? "node.exe" : "node";
  return join(folder, "bin", name);
}

/**
 * Runs the command in our place; it ends before we do. A Ctrl-C reaches the child by itself, since
 * it is in the same group of processes; a signal sent to us alone is passed on. The system takes
 * the second of two for the first; a test run would take it for the order to end at once. By a
 * channel the system sees, besides, that we were killed.
 */
function run(node, args, isSystem) {
  const bin = join(ROOT, "node_modules", ".bin");
  const path = [bin, dirname(node), process.env.PATH].join(delimiter);
  const child = spawn(node, args, {
    cwd: ROOT,
    stdio: ["inherit", "inherit", "inherit", ...(isSystem ? ["ipc"] : [])],
    env: { ...process.env, PATH: path },
  });
  process.on("SIGINT", () => isSystem && child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event) onOrphaned(() => child.kill("SIGTERM"));
  child.on("error", (error) => fail(`Node 24 could not be started: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** npm hands a signal on to the shell between us, which dies of it and tells nobody. */
function onOrphaned(end) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, PARENT_POLL_MS);
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

await main(process.argv.slice(2));
