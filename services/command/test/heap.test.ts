import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  openServices,
} from "./support/command-service.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const CARDS = 15;
const WAIT_MS = 20;

let bank: CommandServices;
let folder: string;
let child: ChildProcess;
/** Which of the services is a process of its own: what it holds is not what the test holds. */
let apart: number;
beforeAll(async () => {
  bank = await openServices();
  folder = mkdtempSync(join(tmpdir(), "countinghouse-heap-"));
  const args = ["--heapsnapshot-signal=SIGUSR2", MAIN];
  const stdio = ["ignore", "inherit", "inherit", "ipc"] as StdioOptions;
  child = spawn(process.execPath, args, { cwd: folder, env: { ...bank.env }, stdio });
  const [{ ready }] = await once(child, "message");
  const close = async () => {
    child.kill();
    await once(child, "exit");
  };
  apart = bank.services.push({ ...ready, close }) - 1;
});
afterAll(async () => {
  await bank.close();
  rmSync(folder, { recursive: true });
});

test("[S50] the number of a card is not in the heap of the service that took it", async () => {
  const owner = bank.as("customer");
  const accountId = await anAccount(owner, "9.00");
  const numbers: string[] = [];
  for (let i = 0; i < CARDS; i += 1) {
    numbers.push(aNumber());
    const statuses = await registerAndFail(owner, accountId, numbers[i] ?? "");
    expect(statuses).toEqual([201, 400, 400]);
  }
  // Whatever comes next takes the place of what was looked at last.
  const path = `/v1/accounts/${accountId}/deposits`;
  await owner.post(path, { ...euros("1.00"), reference: "in the heap" }, { service: apart });
  const heap = await heapOf(child);
  expect(heap).toContain(accountId);
  expect(numbers.filter((number) => heap.includes(number))).toEqual([]);
});

async function registerAndFail(owner: Caller, accountId: string, cardNumber: string) {
  const path = `/v1/accounts/${accountId}/cards`;
  const card = { cardNumber, expiry: "2039-11", holderName: "Ada" };
  const bodies = [card, { ...card, cvv: "737" }, { ...card, expiry: "11/39" }];
  const answers = [];
  for (const body of bodies) answers.push(await owner.post(path, body, { service: apart }));
  return answers.map(({ status }) => status);
}

/** Sixteen digits nobody has, right by their check digit. */
function aNumber(): string {
  const digits = ["4", ...Array.from({ length: 14 }, () => String(randomInt(10)))].join("");
  const sum = [...digits].reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** What a process holds after a collection. */
async function heapOf({ pid }: ChildProcess): Promise<string> {
  process.kill(pid ?? 0, "SIGUSR2");
  for (;;) {
    const [name] = readdirSync(folder).filter((file) => file.endsWith(".heapsnapshot"));
    const text = name === undefined ? "" : readFileSync(join(folder, name), "utf8");
    if (text.trimEnd().endsWith("}")) return text;
    await pause(WAIT_MS);
  }
}
