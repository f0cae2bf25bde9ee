import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStream } from "../services/query/test/support/open-stream.ts";
import { type Client, newClient, openBank, type RunningBank } from "./support/running-bank.ts";
import { begin, cleanUp, expectNothingLeft, kill, newFolder } from "./support/start.ts";

const TIMEOUT_MS = 90_000;
const REQUESTS = 200;
const euros = (value: string) => ({ value, currency: "EUR" });

describe("two query services and two gateways", { timeout: TIMEOUT_MS }, () => {
  let bank: RunningBank;
  let [one, other]: [string, string] = ["", ""];
  let client: Client;
  let accountId: string;

  beforeAll(async () => {
    bank = await openBank(["--processes", "--instances", "query=2,gateway=2"]);
    [one, other] = [bank.url, bank.system.services["gateway-2"]?.url ?? ""];
    client = await newClient(one);
    const opened = await client.command("/v1/accounts", { type: "checking", currency: "EUR" });
    accountId = ((await opened.json()) as { accountId: string }).accountId;
  }, TIMEOUT_MS);
  afterAll(() => bank.close());

  const deposit = async () => {
    const path = `/v1/accounts/${accountId}/deposits`;
    const answer = await client.command(path, { amount: euros("1.00") });
    expect(answer.status).toBe(201);
    const { version } = (await answer.json()) as { version: number };
    return { version, token: answer.headers.get("consistency-token") ?? "" };
  };
  const read = (url: string, token?: string) => {
    const { authorization } = client;
    const headers = { authorization, ...(token !== undefined && { "consistency-token": token }) };
    return fetch(`${url}/v1/accounts/${accountId}`, { headers });
  };

  test("what is written through one gateway is read through the other by its token", async () => {
    expect(other).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (let i = 0; i < 10; i += 1) {
      const { version, token } = await deposit();
      for (const url of [other, one]) {
        const answer = await read(url, token);
        expect([answer.status, ((await answer.json()) as { version: number }).version]).toEqual([
          200,
          version,
        ]);
      }
    }
  });

  test("a list that one page began, the other query service goes on with", async () => {
    const path = `/v1/accounts/${accountId}/transactions?limit=3`;
    const [seen, cursors]: [number[], string[]] = [[], [""]];
    for (const cursor of cursors) {
      const answer = await client.get(path + cursor);
      const page = (await answer.json()) as Page;
      seen.push(...page.items.map(({ version }) => version));
      if (page.nextCursor !== null) cursors.push(`&cursor=${page.nextCursor}`);
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => seen.length + 1 - i));
    expect(cursors.length).toBeGreaterThan(2);
  });

  test("a stream through either gateway brings what comes", async () => {
    const path = `/v1/accounts/${accountId}/stream`;
    const streams = await Promise.all(
      [one, other, one, other].map((url) => openStream(url + path, client.authorization)),
    );
    const { version } = await deposit();
    for (const stream of streams) {
      expect((await stream.next())?.data.version).toBe(version);
      stream.hangUp();
    }
  });

  test("who logs out at one gateway is out at the other", async () => {
    const guest = await newClient(one);
    const headers = { authorization: guest.authorization };
    expect((await fetch(`${other}/v1/accounts`, { headers })).status).toBe(200);
    expect((await fetch(`${one}/v1/auth/logout`, { method: "POST", headers })).status).toBe(204);
    expect((await fetch(`${other}/v1/accounts`, { headers })).status).toBe(401);
  });

  test("one query service is killed, and every query is answered by the other", async () => {
    const pid = bank.system.services["query-2"]?.pid ?? 0;
    expect(pid).toBeGreaterThan(0);
    const statuses: number[] = [];
    for (let i = 0; i < REQUESTS; i += 1) {
      if (i === REQUESTS / 4) kill(pid);
      const answers = await Promise.all([one, other].map((url) => read(url)));
      for (const answer of answers) {
        statuses.push(answer.status);
        await answer.body?.cancel();
      }
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
    const { version, token } = await deposit();
    const { items } = (await (
      await client.get(`/v1/accounts/${accountId}/transactions`)
    ).json()) as Page;
    expect(items.length).toBeGreaterThan(0);
    expect(((await (await read(other, token)).json()) as { version: number }).version).toBe(
      version,
    );
  });
});

interface Page {
  readonly items: readonly { readonly version: number }[];
  readonly nextCursor: string | null;
}

describe("counts of instances", () => {
  test.each([
    [
      "a service that has one only",
      ["--processes", "--instances", "command=2"],
      /query=2,gateway=2/,
    ],
    ["no number", ["--processes", "--instances", `query=${randomUUID()}`], /query=2,gateway=2/],
    ["no processes", ["--instances", "query=2"], /add --processes\.$/],
  ])("with %s the start says what it must be, and ends", async (_, args, sentence) => {
    const start = begin(newFolder(), { args });
    expect(await start.ended()).toBe(1);
    expect(start.output().trim()).toMatch(sentence);
    await expectNothingLeft(start.folder);
    cleanUp();
  });
});
