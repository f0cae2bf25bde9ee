import { execFileSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { type Client, newClient, openBank, type RunningBank } from "./support/running-bank.ts";

const ROUNDS = 20;
const TIMEOUT_MS = 120_000;

let bank: RunningBank | undefined;
afterEach(() => bank?.close());

const euros = (value: string) => ({ value, currency: "EUR" });

/** What a customer sees of an account: all of it. */
async function picture(client: Client, accountId: string): Promise<unknown> {
  const path = `/v1/accounts/${accountId}`;
  const account = await client.get(path);
  const history = await client.get(`${path}/transactions?limit=100`);
  expect([account.status, history.status]).toEqual([200, 200]);
  return [await account.json(), await history.json()];
}

async function untilVersion(client: Client, accountId: string, version: number): Promise<void> {
  const seen = async () => {
    const response = await client.get(`/v1/accounts/${accountId}`);
    return response.ok ? ((await response.json()) as { version: number }).version : 0;
  };
  await expect.poll(seen, { timeout: 20_000, interval: 20 }).toBe(version);
}

const WAYS: [what: string, args: string[]][] = [
  ["one process", []],
  ["processes", ["--processes"]],
];

test.each(WAYS)(
  "as %s, nothing acknowledged is lost by kill -9 of everything, and sessions live on",
  { timeout: TIMEOUT_MS },
  async (_, args) => {
    bank = await openBank(args);
    const client = await newClient(bank.url);
    const opened = await client.command("/v1/accounts", { type: "checking", currency: "EUR" });
    const { accountId } = (await opened.json()) as { accountId: string };
    const path = `/v1/accounts/${accountId}/deposits`;
    const body = { amount: euros("1.00"), reference: "before" };
    for (let i = 0; i < ROUNDS; i += 1) {
      expect((await client.command(path, body, `key-${i}`)).status).toBe(201);
    }
    await untilVersion(client, accountId, ROUNDS + 1);
    const before = await picture(client, accountId);
    const unseen = await client.command(path, { amount: euros("5.00") }, "the last");
    const answer = await unseen.text();

    killEverythingOf(bank);
    await bank.kill();
    await bank.restart();

    const again = await client.command(path, { amount: euros("5.00") }, "the last");
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await again.text()).toBe(answer);
    await untilVersion(client, accountId, ROUNDS + 2);
    const [, history] = (await picture(client, accountId)) as [unknown, { items: object[] }];
    const [, historyBefore] = before as [unknown, { items: object[] }];
    expect(history.items.slice(1)).toEqual(historyBefore.items);
  },
);

/** Every process that has the bank's data folder on its command line: PostgreSQL, above all. */
function killEverythingOf({ env }: RunningBank): void {
  const folder = env.COUNTINGHOUSE_DATA ?? "";
  expect(folder.length).toBeGreaterThan(10);
  try {
    execFileSync("pkill", ["-KILL", "-f", folder]);
  } catch {
    throw new Error("no PostgreSQL was running on the data folder");
  }
}
