import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findRunning, readSettings } from "@countinghouse/cli";
import pg from "pg";
import { expect, vi } from "vitest";
import type { Client, RunningBank } from "./running-bank.ts";

const PATIENCE = { timeout: 20_000, interval: 50 };

/** As somebody who may do everything in the database: no trigger stops them. */
export async function superuser(bank: RunningBank, database: string): Promise<pg.Client> {
  // Not of its first start: the database may be on another port by now.
  const { adminUrl } = findRunning(readSettings(bank.env)).server;
  const url = adminUrl.replace(/[^/]*$/, `countinghouse_${database}`);
  const client = new pg.Client(url);
  // The bank, and its database with it, may be killed under it.
  client.on("error", () => undefined);
  await client.connect();
  await client.query("SET session_replication_role = replica");
  return client;
}

/** Opens an account, the first event of its owner's. */
export async function openAccount(client: Client): Promise<string> {
  const opened = await client.command("/v1/accounts", { type: "checking", currency: "EUR" });
  return ((await opened.json()) as { accountId: string }).accountId;
}

/** So many deposits of 1.00, all at once. */
export async function deposits(client: Client, account: string, count: number): Promise<void> {
  const amount = { value: "1.00", currency: "EUR" };
  const answers = Array.from({ length: count }, () => {
    return client.command(`/v1/accounts/${account}/deposits`, { amount });
  });
  for (const answer of await Promise.all(answers)) expect(answer.status).toBe(201);
}

/** The checkpoint of so many events, once it is given out. */
export function sealed(bank: RunningBank, events: number): Promise<string> {
  return vi.waitFor(async () => {
    const note = await checkpointOf(bank);
    expect(Number(note.split("\n")[1])).toBe(events);
    return note;
  }, PATIENCE);
}

export async function checkpointOf({ url }: RunningBank): Promise<string> {
  return (await fetch(`${url}/v1/audit/checkpoint`)).text();
}

/** The alarms in the logs of the bank's own services. */
export function alarmsOf({ env }: RunningBank): { msg: string; position?: number }[] {
  const logs = join(env.COUNTINGHOUSE_DATA ?? "", "logs");
  const lines = readdirSync(logs).flatMap((file) => {
    return readFileSync(join(logs, file), "utf8").split("\n");
  });
  return lines.filter((line) => line.includes("ALARM")).map((line) => JSON.parse(line));
}
