import { randomUUID } from "node:crypto";
import { urlFor } from "@countinghouse/cli";
import pg from "pg";
import { expect } from "vitest";
import { sendRaw } from "../../services/gateway/test/support/raw.ts";
import { type Client, newClient, openBank, type RunningBank } from "../support/running-bank.ts";

/** What an attack must not change: the log, its streams and keys, and every table of auth. */
const LEDGER = ["log_head", "events", "streams", "idempotency"];
const CHANGED = "something was changed";

/** A bank that is attacked by one of its customers. */
export interface HostileBank {
  readonly bank: RunningBank;
  readonly client: Client;
  /** An account of the attacker's own. */
  readonly account: string;
  /** Another customer with an account. */
  readonly victim: Client;
  readonly victimAccount: string;
  /** Sends exactly these bytes, with the attacker's token unless the head has one. */
  send(head: string, body?: string | Buffer): Promise<Received>;
  /** As send, and holds that nothing was changed by it. */
  attack(head: string, body?: string | Buffer): Promise<Received>;
  /** Holds that nothing was changed by the work, but for a table that is left out. */
  unchanged<T>(work: () => Promise<T>, except?: string): Promise<T>;
  close(): Promise<void>;
}

/** What came back for the first request. */
export interface Received {
  readonly status: number;
  readonly text: string;
}

export async function openHostileBank(settings: Record<string, string> = {}): Promise<HostileBank> {
  const bank = await openBank([], settings);
  const [client, victim] = [await newClient(bank.url), await newClient(bank.url)];
  const [account, victimAccount] = [await accountOf(client), await accountOf(victim)];
  const { server } = bank.system;
  const auth = new pg.Client(urlFor(server, "countinghouse_auth_owner", "auth"));
  const ledger = new pg.Client(urlFor(server, "countinghouse_ledger_owner", "ledger"));
  await Promise.all([auth.connect(), ledger.connect()]);
  const state = async (except?: string) => {
    const { rows } = await auth.query("SELECT tablename FROM pg_tables WHERE schemaname = 'auth'");
    const tables = rows.map(({ tablename }) => tablename);
    const all = [
      ...(await digest(auth, "auth", tables)),
      ...(await digest(ledger, "ledger", LEDGER)),
    ];
    return all.filter(({ name }) => name !== except);
  };
  const send = (head: string, body: string | Buffer = "") => sendTo(bank.url, client, head, body);
  const unchanged: HostileBank["unchanged"] = async (work, except) => {
    const before = await state(except);
    const result = await work();
    expect(await state(except), CHANGED).toEqual(before);
    return result;
  };
  return {
    ...{ bank, client, account, victim, victimAccount, send, unchanged },
    attack: (head, body) => unchanged(() => send(head, body)),
    async close() {
      await Promise.all([auth.end(), ledger.end()]);
      await bank.close();
    },
  };
}

async function accountOf(client: Client): Promise<string> {
  const opened = await client.command("/v1/accounts", { type: "checking", currency: "EUR" });
  return ((await opened.json()) as { accountId: string }).accountId;
}

/** How many rows each table has, and a digest of them. */
async function digest(
  client: pg.Client,
  schema: string,
  tables: string[],
): Promise<{ name: string }[]> {
  const parts = tables.map((table) => {
    const rows = `md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))`;
    return `SELECT '${table}' AS name, count(*), ${rows} AS rows FROM ${schema}.${table} t`;
  });
  return (await client.query(`${parts.join(" UNION ALL ")} ORDER BY name`)).rows;
}

async function sendTo(
  url: string,
  { authorization }: Client,
  head: string,
  body: string | Buffer,
): Promise<Received> {
  const host = /^host:/im.test(head) ? "" : "Host: bank\r\n";
  const token = /^authorization:|^no-token:/im.test(head)
    ? ""
    : `Authorization: ${authorization}\r\n`;
  const first = Buffer.from(`${head}\r\n${host}${token}Connection: close\r\n\r\n`, "latin1");
  const text = await sendRaw(url, Buffer.concat([first, Buffer.from(body as string)]));
  expect(text).not.toMatch(/node_modules|\.ts:\d|SELECT |postgres|fastify|stack/i);
  const final = text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(final)?.[1]), text: final };
}

/** The head of a command with a JSON body of this length. */
export function commandHead(path: string, body: string | Buffer, ...more: string[]): string {
  return [
    `POST ${path} HTTP/1.1`,
    `Idempotency-Key: ${randomUUID()}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(more.some((line) => /^content-type:/i.test(line))
      ? []
      : ["Content-Type: application/json"]),
    ...more,
  ].join("\r\n");
}

export function deposit(value: unknown): string {
  return JSON.stringify({ amount: { value, currency: "EUR" } });
}
