import { type ChildProcess, spawn } from "node:child_process";
import { expect, test } from "vitest";
import { supervise } from "../src/start/processes.ts";

const READY = 'process.send({ ready: { url: "http://here" } }); setInterval(() => {}, 1e6);';
const NEVER_READY = "setInterval(() => {}, 1e6);";
const READY_TIMEOUT_MS = 1_500;

function run(file: string, code: string): ChildProcess {
  return spawn(file, ["-e", code], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
}

test("a process is started again however it fails: killed, not made, not ready", async () => {
  const ways: (() => ChildProcess)[] = [
    () => run(process.execPath, READY),
    () => {
      throw new Error("EMFILE: too many open files");
    },
    () => run("/nowhere/node", READY),
    () => run(process.execPath, NEVER_READY),
    () => run(process.execPath, READY),
  ];
  const said: string[] = [];
  let children: ChildProcess[] = [];
  const supervised = supervise({
    ...{ name: "gateway", logFile: "its log", readyTimeoutMs: READY_TIMEOUT_MS },
    say: (line) => void said.push(line),
    launch() {
      const child = ways.shift()?.() ?? run(process.execPath, READY);
      children.push(child);
      return child;
    },
  });
  expect(await supervised.ready).toBe("http://here");
  children[0]?.kill("SIGKILL");
  await expect.poll(() => ways.length, { timeout: 20_000 }).toBe(0);
  expect(said.map((line) => line.replace(/; it starts.*/, ""))).toEqual([
    "gateway ended (SIGKILL)",
    "gateway ended (EMFILE: too many open files)",
    expect.stringContaining("ENOENT"),
    "gateway ended (SIGKILL)",
  ]);
  await supervised.stop(Date.now() + 1_000);
  children = children.filter(({ pid }) => pid !== undefined);
  const isOver = ({ exitCode, signalCode }: ChildProcess) =>
    exitCode !== null || signalCode !== null;
  expect(children.every(isOver)).toBe(true);
});

test("one that never was ready is given up, and is not left behind", async () => {
  let child: ChildProcess | undefined;
  const supervised = supervise({
    ...{ name: "gateway", logFile: "its log", readyTimeoutMs: 200, say: () => undefined },
    launch() {
      child = run(process.execPath, NEVER_READY);
      return child;
    },
  });
  await expect(supervised.ready).rejects.toThrow("gateway did not become ready; see its log");
  await expect.poll(() => child?.signalCode).toBe("SIGKILL");
});
