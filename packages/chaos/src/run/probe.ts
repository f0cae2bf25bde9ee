import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ask, newCustomer } from "../load/customer.ts";
import type { BrokenBank } from "../system/open-system.ts";

const POLL_MS = 250;
const SERVICE_TIMEOUT_MS = 2_000;

/** Asks the bank for all that it is there for. */
export interface Probe {
  /**
   * Resolves with the milliseconds until the full service was there: a command, a read that shows
   * it, a login, and every process ready but the audit, which lets all others have the processor;
   * and waits for a checkpoint of all of the log, too. `missing` says what was not there within
   * `patienceMs`, `waitedFor` what came last before the service was full.
   */
  untilFullService(patienceMs: number): Promise<Recovery>;
}

/** How long the full service was away, and what of it. */
export interface Recovery {
  readonly ms: number;
  readonly missing: string | undefined;
  readonly waitedFor: string | undefined;
}

/** Makes a customer and an account of the probe's own. */
export async function openProbe(bank: BrokenBank): Promise<Probe> {
  const customer = await newCustomer(bank.url);
  const opening = { type: "checking", currency: "EUR" };
  const opened = await customer.command("/v1/accounts", opening, randomUUID());
  const { accountId } = JSON.parse(opened?.text ?? "{}") as { accountId?: string };
  const path = `/v1/accounts/${accountId}`;

  async function missing(): Promise<string | undefined> {
    const amount = { value: "0.01", currency: "EUR" };
    const paid = await customer.command(`${path}/deposits`, { amount }, randomUUID());
    if (paid?.status !== 201) return `a command (${paid?.status ?? "no answer"})`;
    const read = await customer.get(path, paid.token);
    if (read?.status !== 200) return `a read (${read?.status ?? "no answer"})`;
    if ((await customer.logIn()) === undefined) return "a login";
    const unready = await notReady(bank);
    return unready.length > 0 ? `${unready.join(", ")} not ready` : undefined;
  }

  return {
    async untilFullService(patienceMs) {
      const began = performance.now();
      const isTime = () => performance.now() - began < patienceMs;
      let [why, waitedFor]: (string | undefined)[] = ["everything", undefined];
      while (why !== undefined && isTime()) {
        why = await missing().catch((error: Error) => error.message);
        waitedFor = why ?? waitedFor;
        if (why !== undefined) await delay(POLL_MS);
      }
      const ms = performance.now() - began;
      let isWhole = false;
      while (!isWhole && isTime()) {
        isWhole = await isSealed(bank).catch(() => false);
        if (!isWhole) await delay(POLL_MS);
      }
      const last = isWhole ? undefined : "a checkpoint of all of the log";
      return { ms, missing: why ?? last, waitedFor };
    },
  };
}

async function notReady({ services }: BrokenBank): Promise<string[]> {
  const asked = services.names.filter((name) => name !== "audit");
  const looks = asked.map(async (name) => {
    const answer = await fetch(`${services.urlOf(name)}/readyz`, {
      signal: AbortSignal.timeout(SERVICE_TIMEOUT_MS),
    }).catch(() => undefined);
    return answer?.status === 200 ? [] : [name];
  });
  return (await Promise.all(looks)).flat();
}

/** The log grows meanwhile: what was there at the question has to be sealed soon. */
async function isSealed({ postgres, url }: BrokenBank): Promise<boolean> {
  const sql = "SELECT position::float8 AS head FROM ledger.log_head WHERE ledger_id = 1";
  const { rows } = await postgres.query("countinghouse_ledger", sql);
  for (let tries = 0; tries < 12; tries += 1) {
    const note = await ask(url, "GET", "/v1/audit/checkpoint", {});
    if (note?.status === 200 && Number(note.text.split("\n")[1]) >= rows[0].head) return true;
    await delay(POLL_MS);
  }
  return false;
}
