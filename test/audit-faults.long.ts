import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { auditAlone, newAuditor } from "./support/audit-cli.ts";
import { type Client, newClient, openBank, type RunningBank } from "./support/running-bank.ts";
import { alarmsOf, checkpointOf, openAccount } from "./support/sealed-bank.ts";
import { descendantsOf, kill, processesOf } from "./support/start.ts";

/** How long the faults go on. */
const MINUTES = Number(process.env.FAULT_MINUTES ?? 10);
const MS_PER_MINUTE = 60_000;
const SERVICES = ["auth", "relay", "command", "query", "audit", "gateway"];
const CLIENTS = 8;
/** Each service is killed when it has run long enough to be started again at once. */
const BETWEEN_KILLS_MS = 6_000;
/** After so many kills of single services everything is killed at once, the database, too. */
const KILLS_OF_ALL = 10;

interface Load {
  readonly acknowledged: number;
  stop(): Promise<void>;
}

/** Clients that deposit and transfer, and ask again with the same key until they are answered. */
async function startLoad(bank: RunningBank): Promise<Load> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => newClient(bank.url)));
  let [acknowledged, isStopping, number] = [0, false, 0];
  const work = async (client: Client) => {
    const accounts = [await openAccount(client), await openAccount(client)];
    while (!isStopping) {
      number += 1;
      const [key, [from, to]] = [`key-${number}`, accounts];
      const amount = { value: "1.00", currency: "EUR" };
      const isDeposit = number % 2 === 0;
      const path = isDeposit ? `/v1/accounts/${from}/deposits` : "/v1/transfers";
      const body = isDeposit ? { amount } : { fromAccountId: from, toAccountId: to, amount };
      for (let isAnswered = false; !isAnswered && !isStopping; ) {
        const answer = await client.command(path, body, key).catch(() => undefined);
        isAnswered = answer?.status === 201 || answer?.status === 422;
        if (answer?.status === 201) acknowledged += 1;
        if (!isAnswered) await delay(100);
      }
    }
  };
  const running = clients.map(work);
  return {
    get acknowledged() {
      return acknowledged;
    },
    async stop() {
      isStopping = true;
      await Promise.all(running);
    },
  };
}

/** Everything that this bank has running, its database, too. */
function processesBelow(bank: RunningBank): number[] {
  const folder = bank.env.COUNTINGHOUSE_DATA ?? "no folder";
  const ours = processesOf(folder).filter((pid) => !/vitest|audit watch/.test(commandOf(pid)));
  return [...new Set([...descendantsOf(bank.pid()), ...ours])];
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

async function killForAWhile(bank: RunningBank): Promise<Map<string, number>> {
  const killed = new Map<string, number>();
  const count = (what: string) => killed.set(what, (killed.get(what) ?? 0) + 1);
  const untilMs = Date.now() + MINUTES * MS_PER_MINUTE;
  for (let round = 1; Date.now() < untilMs; round += 1) {
    await delay(BETWEEN_KILLS_MS);
    if (round % KILLS_OF_ALL === 0) {
      const all = processesBelow(bank);
      await bank.kill();
      for (const pid of all) kill(pid);
      await bank.restart();
      count("everything");
      continue;
    }
    const service = SERVICES[round % SERVICES.length] ?? "";
    const isIt = (pid: number) => commandOf(pid).includes(`services/${service}/src/main`);
    const pid = descendantsOf(bank.pid()).find(isIt);
    if (pid === undefined) continue;
    kill(pid);
    count(service);
  }
  return killed;
}

const sizeOf = async (bank: RunningBank) => {
  return Number((await checkpointOf(bank)).split("\n")[1]);
};

test(`[S45] ${MINUTES} minutes of load and kill -9 of every process raise no false alarm`, {
  timeout: (MINUTES + 4) * MS_PER_MINUTE,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "countinghouse-audit-faults-"));
  const bank = await openBank(["--processes"], { AUDIT_COMPARE_RATE: "20000" });
  const auditor = await newAuditor(bank);
  const state = join(folder, "state");
  const watch = auditor.begin("watch", "--every", "1", "--state", state, "--url", bank.url);
  try {
    const load = await startLoad(bank);
    const killed = await killForAWhile(bank);
    await load.stop();
    for (const what of [...SERVICES, "everything"]) {
      expect(killed.get(what) ?? 0, what).toBeGreaterThan(0);
    }
    const size = await vi.waitFor(
      async () => {
        const [before] = [await sizeOf(bank), await delay(2_500)];
        // While a service is only starting there is no checkpoint to look at.
        expect(before).toBeGreaterThan(load.acknowledged);
        expect(await sizeOf(bank)).toBe(before);
        return before;
      },
      { timeout: 60_000, interval: 1_000 },
    );
    await vi.waitFor(() => expect(watch.output()).toContain(`sound: ${size} events`), 60_000);
    process.stdout.write(
      `${load.acknowledged} commands, ${size} events, killed ${JSON.stringify([...killed])}\n`,
    );
    expect(watch.output()).not.toContain("ALARM");
    expect(alarmsOf(bank)).toEqual([]);
    const exported = await auditor.audit("export", join(folder, "bundle"), "--url", bank.url);
    expect(exported).toMatchObject({ code: 0 });
    const verified = await auditAlone("verify", join(folder, "bundle"));
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining("CLEAN") });
    expect(await auditor.audit("diff", "--url", bank.url)).toMatchObject({ code: 0 });
  } finally {
    watch.child.kill();
    await watch.ended();
    await bank.close();
    await rm(folder, { recursive: true, force: true });
  }
});
