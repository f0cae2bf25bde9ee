import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { expect, vi } from "vitest";
import type { RunningBank } from "./running-bank.ts";
import { type Credentials, newStaff } from "./staff.ts";

const MAIN = join(resolve(import.meta.dirname, "../.."), "packages/cli/src/main.ts");
const PATIENCE = { timeout: 30_000, interval: 20 };

/** What a command has come to. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export interface Spawned {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves once a text was printed. */
  says(text: string | RegExp): Promise<void>;
  ended(): Promise<Ended>;
}

/** An auditor at a terminal of their own. */
export interface Auditor {
  readonly person: Credentials;
  /** Runs `countinghouse audit …` with the auditor's login. */
  audit(...args: string[]): Promise<Ended>;
  begin(...args: string[]): Spawned;
}

export async function newAuditor(bank: RunningBank): Promise<Auditor> {
  const person = await newStaff(bank, ["auditor"]);
  const login = (args: string[]) => [...args, "--email", person.email];
  const begin = (...args: string[]) => spawnAudit(login(args), bank.env, person.password);
  return { person, begin, audit: (...args) => begin(...args).ended() };
}

/** Runs `countinghouse audit …` with nothing but what it is given. */
export function auditAlone(...args: string[]): Promise<Ended> {
  return spawnAudit(args, { PATH: process.env.PATH, COUNTINGHOUSE_DATA: "/nowhere" }).ended();
}

export function spawnAudit(args: string[], env: NodeJS.ProcessEnv, input = ""): Spawned {
  const child = spawn(process.execPath, [MAIN, "audit", ...args], { env, stdio: "pipe" });
  child.stdin.end(`${input}\n`);
  const closed = once(child, "close");
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  return {
    child,
    output: () => out,
    async says(text) {
      await vi.waitFor(() => expect(out + err).toMatch(text), PATIENCE);
    },
    async ended() {
      const [code] = await closed;
      return { code, out, err };
    },
  };
}
