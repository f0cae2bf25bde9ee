import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "@countinghouse/cli";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const README_PORT = "8080";
/** A person takes longer to type; the read tables are a moment behind the log. */
const TYPING_MS = 400;

/** A command of a transcript, and the lines that the README says come back. */
interface Exchange {
  readonly command: string;
  readonly expected: string[];
}

function exchanges(): Exchange[] {
  const [, part = ""] = /<!-- transcript -->([\s\S]*)<!-- \/transcript -->/.exec(README) ?? [];
  const blocks = [...part.matchAll(/```console\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");
  const found: { command: string; expected: string[] }[] = [];
  for (const line of blocks.join("").trimEnd().split("\n")) {
    if (line.startsWith("$ ")) found.push({ command: line.slice(2), expected: [] });
    else found.at(-1)?.expected.push(line);
  }
  return found;
}

let [folder, port]: [string, string] = ["", ""];
let env: NodeJS.ProcessEnv = {};
let bank: ChildProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-readme-"));
  port = String((await freePorts(1))[0]);
  env = { ...process.env, PORT: port, COUNTINGHOUSE_DATA: join(folder, "data") };
  delete env.KAFKA_BROKERS;
});
afterAll(async () => {
  if (bank?.pid !== undefined && bank.exitCode === null) {
    process.kill(-bank.pid, "SIGINT");
    await once(bank, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

test("the first five minutes are as the README has them", { timeout: 120_000 }, async () => {
  const [start, ...rest] = exchanges();
  expect(start?.command).toBe("npm start");
  expect(rest.length).toBeGreaterThan(8);
  // What is installed already is not installed again.
  const isAboutStarting = (line: string) => !line.startsWith("Installing packages");
  const started = (await startBank()).split("\n").filter(isAboutStarting).join("\n");
  expectLines(started, start?.expected.filter(isAboutStarting) ?? []);
  const answers = await runAll(rest.map(({ command }) => command));
  for (const [i, { command, expected }] of rest.entries()) {
    expectLines(answers[i] ?? "", expected, command);
  }
});

test("the README fits on 150 lines", () => {
  expect(README.trimEnd().split("\n").length).toBeLessThanOrEqual(150);
});

async function startBank(): Promise<string> {
  bank = spawn("npm", ["--silent", "start"], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let output = "";
  for await (const chunk of bank.stdout ?? []) {
    output += chunk;
    if (output.includes("Ctrl-C")) break;
  }
  return output;
}

/** Types the commands into one shell, a moment between them, and gives what each printed. */
async function runAll(commands: readonly string[]): Promise<string[]> {
  const shell = spawn("bash", ["-s"], { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  const answers: string[] = [];
  for (const command of commands) {
    output = "";
    const here = command.startsWith("npm ") ? `(cd '${ROOT}' && ${command})` : command;
    shell.stdin.write(`${here.replaceAll(README_PORT, port)}\necho @@done\n`);
    while (!output.includes("@@done\n")) await delay(10);
    answers.push(output.replace("@@done\n", ""));
    await delay(TYPING_MS);
  }
  shell.stdin.end();
  return answers;
}

/** The output has the expected lines; `…` stands for anything, also for lines, and times vary. */
function expectLines(output: string, expected: readonly string[], what = ""): void {
  const pattern = expected
    .join("\n")
    .replaceAll(README_PORT, port)
    .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll(/\d+\\\.\d s/g, "\\d+\\.\\d s")
    .replaceAll("…", "[\\s\\S]*?");
  expect(output.trimEnd(), what).toMatch(new RegExp(`^${pattern}$`));
}
