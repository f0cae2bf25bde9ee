import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { ed25519FromSeed, ed25519PublicKey } from "@countinghouse/service-kit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openScheduling, type Scheduling } from "./support/scheduling.ts";

const [SCHEDULES, DAYS, DAY_MS] = [30, 40, 86_400_000];
const MAIN = new URL("../src/main.ts", import.meta.url).pathname;
const LOOK_MS = 10;
let world: Scheduling;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  world = await openScheduling(new Date(Date.now() - DAYS * DAY_MS).toISOString());
});
afterAll(async () => {
  for (const child of processes) child.kill("SIGKILL");
  await world.close();
});

/** The command service as a process of its own, on the same log, by the clock of today. */
function startProcess(): ChildProcess {
  const seed = randomBytes(32);
  const child = spawn(process.execPath, [MAIN], {
    stdio: "ignore",
    env: {
      PATH: process.env.PATH,
      ENVIRONMENT: "test",
      LOG_LEVEL: "silent",
      INNER_PUBLIC_KEYS: JSON.stringify({ gateway: ed25519PublicKey(ed25519FromSeed(seed)) }),
      INNER_PRIVATE_KEY: seed.toString("base64url"),
      TOKEN_KEY: randomBytes(32).toString("base64url"),
      AUTH_URL: "http://127.0.0.1:1",
      DATABASE_URL: world.url,
    },
  });
  processes.push(child);
  return child;
}

async function made(): Promise<number> {
  const { rows } = await world.owner.query(
    "SELECT count(*)::int AS made FROM ledger.events WHERE type = 'ScheduledTransferMade'",
  );
  return rows[0].made;
}

async function untilMade(least: number): Promise<void> {
  while ((await made()) < least) await pause(LOOK_MS);
}

test("[S42] processes killed while they make up for missed days lose and double none", async () => {
  const [from, to] = [await world.account("100000.00"), await world.account()];
  const firstOn = world.now.toISOString().slice(0, 10);
  const ids: string[] = [];
  for (let i = 0; i < SCHEDULES; i += 1) {
    const more = { firstOn, every: "day", count: DAYS };
    ids.push((await world.schedule(from, to, more)).body.scheduleId);
  }
  const all = SCHEDULES * DAYS;
  for (const share of [0.1, 0.4]) {
    const children = [startProcess(), startProcess()];
    await untilMade(all * share);
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => child.exitCode ?? once(child, "exit")));
    expect(await made()).toBeLessThan(all);
  }
  startProcess();
  await untilMade(all);
  const expected = Array.from({ length: DAYS }, (_, i) => {
    const day = new Date(Date.parse(firstOn) + i * DAY_MS).toISOString().slice(5, 10);
    return `${day} done`;
  });
  for (const id of ids) expect(await world.days(id)).toEqual(expected);
  expect(await world.balance(to)).toBe(String(all * 1_000));
}, 120_000);
