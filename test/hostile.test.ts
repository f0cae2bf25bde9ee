import { randomUUID } from "node:crypto";
import { urlFor } from "@countinghouse/cli";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRaw } from "../services/gateway/test/support/raw.ts";
import { type Client, newClient, openBank, type RunningBank } from "./support/running-bank.ts";

let bank: RunningBank;
let client: Client;
let account = "";
let log: pg.Client;

beforeAll(async () => {
  bank = await openBank();
  client = await newClient(bank.url);
  const opened = await client.command("/v1/accounts", { type: "checking", currency: "EUR" });
  account = ((await opened.json()) as { accountId: string }).accountId;
  log = new pg.Client(urlFor(bank.system.server, "countinghouse_relay", "ledger"));
  await log.connect();
}, 120_000);
afterAll(async () => {
  await log.end();
  await bank.close();
});

async function position(): Promise<number> {
  const { rows } = await log.query("SELECT position FROM ledger.log_head");
  return Number(rows[0].position);
}

/** Sends exactly these bytes as a request with the client's token and gives the status. */
async function statusOf(head: string, body: string | Buffer = ""): Promise<number> {
  const lines = `${head}\r\nHost: bank\r\nAuthorization: ${client.authorization}\r\n`;
  const bytes = [Buffer.from(`${lines}Connection: close\r\n\r\n`), Buffer.from(body as string)];
  const answer = await sendRaw(bank.url, Buffer.concat(bytes));
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
  expect(answer).not.toMatch(/node_modules|\.ts:\d|SELECT |postgres/i);
  return status;
}

function post(path: string, body: string | Buffer, type = "application/json"): Promise<number> {
  const length = Buffer.byteLength(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Idempotency-Key: ${randomUUID()}`,
    `Content-Type: ${type}`,
    `Content-Length: ${length}`,
  ].join("\r\n");
  return statusOf(head, body);
}

const deposit = (value: unknown) => JSON.stringify({ amount: { value, currency: "EUR" } });
const nested = `${'{"a":'.repeat(40)}1${"}".repeat(40)}`;

const BODIES: [what: string, body: string | Buffer, status: number][] = [
  ["a number for an amount", deposit(5), 400],
  ["a number beyond 2^53", '{"amount":{"value":9007199254740993,"currency":"EUR"}}', 400],
  ["true for an amount", deposit(true), 400],
  ["a list for an amount", deposit(["5"]), 400],
  ["Arabic digits", deposit("٥"), 400],
  ["an exponent", deposit("1e3"), 400],
  ["a hexadecimal number", deposit("0x10"), 400],
  ["a negative amount", deposit("-5"), 400],
  ["a sign", deposit("+5"), 400],
  ["zero", deposit("0.00"), 400],
  ["16 digits", deposit("1000000000000000"), 400],
  ["three decimals of a euro", deposit("0.001"), 400],
  ["an unknown field", '{"amount":{"value":"5","currency":"EUR"},"version":7}', 400],
  ["an unknown field inside", '{"amount":{"value":"5","currency":"EUR","scale":2}}', 400],
  ["__proto__", '{"amount":{"value":"5","currency":"EUR"},"__proto__":{"a":1}}', 400],
  ["constructor", '{"amount":{"value":"5","currency":"EUR"},"constructor":1}', 400],
  ["a repeated member", '{"amount":{"value":"5","value":"6","currency":"EUR"}}', 400],
  ["a byte order mark", `\ufeff${deposit("5")}`, 400],
  ["NUL", '{"amount":{"value":"5","currency":"EUR"},"reference":"a\\u0000"}', 400],
  ["a lone surrogate", '{"amount":{"value":"5","currency":"EUR"},"reference":"\\udc00"}', 400],
  ["40 levels", nested, 400],
  ["half a document", deposit("5").slice(0, -1), 400],
  ["nothing", "", 400],
  ["an array", `[${deposit("5")}]`, 400],
  ["text", '"deposit"', 400],
  ["UTF-16", Buffer.from(deposit("5"), "utf16le"), 400],
  ["Latin-1", Buffer.from('{"reference":"\xe9"}', "latin1"), 400],
  ["64 KiB and one byte", " ".repeat(64 * 1024 + 1), 413],
];

describe("[S5] a deposit whose body is", () => {
  test.each(BODIES)("%s leaves no event", async (_, body, status) => {
    const before = await position();
    expect(await post(`/v1/accounts/${account}/deposits`, body)).toBe(status);
    expect(await position()).toBe(before);
  });
});

const TYPES = [
  ...["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/json"],
  ...["application/json; charset=utf-16", "application/json, text/plain", "application/jsonp"],
];

test.each(TYPES)("[S33] a deposit sent as %s answers 415 and leaves no event", async (type) => {
  const before = await position();
  expect(await post(`/v1/accounts/${account}/deposits`, deposit("5"), type)).toBe(415);
  expect(await position()).toBe(before);
});

const TARGETS: [request: string, status: number][] = [
  ["GET /v1/accounts?limit=0x10", 400],
  ["GET /v1/accounts?limit=5&limit=5", 400],
  ["GET /v1/accounts?limit[]=5", 400],
  ["GET /v1/accounts?limit=%00", 400],
  ["GET /v1/accounts?colour=blue", 400],
  ["GET /v1/accounts?cursor=%ff", 400],
  ["GET /v1/accounts?__proto__=1", 400],
  ["GET /v1/accounts/", 404],
  ["GET /v1//accounts", 404],
  ["GET /V1/accounts", 404],
  ["GET /v1/accounts/..%2f..%2fetc", 404],
  ["GET /v1/accounts/../users", 404],
  ["GET /v1/accounts/%00", 404],
  ["GET /v1/accounts/%zz", 404],
  ["GET /v1/accounts/' OR 1=1", 400],
  ["GET /internal/ledgers", 404],
  ["GET /metrics", 404],
  ["HEAD /v1/accounts", 405],
  ["TRACE /v1/accounts", 405],
  ["PATCH /v1/accounts", 405],
  ["PROPFIND /v1/accounts", 405],
];

test.each(TARGETS)("[S5] %s answers %i", async (request, status) => {
  expect(await statusOf(`${request} HTTP/1.1`)).toBe(status);
});

const HEADS: [what: string, lines: string[], status: number][] = [
  ["a length and chunks", ["Content-Length: 5", "Transfer-Encoding: chunked"], 400],
  ["two lengths", ["Content-Length: 5", "Content-Length: 6"], 400],
  ["a length that is no number", ["Content-Length: five"], 400],
  ["an unknown coding", ["Transfer-Encoding: gzip"], 400],
  ["a header without a colon", ["X-Broken"], 400],
  ["a space before the colon", ["X-Broken : 1"], 400],
  ["NUL in a header", ["X-Broken: a\u0000b"], 400],
  ["8 KiB of headers", [`X-Long: ${"x".repeat(9_000)}`], 431],
];

test("[S42] a command with two keys answers 400", async () => {
  const keys = "Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Type: application/json";
  const body = deposit("5");
  const head = `POST /v1/accounts/${account}/deposits HTTP/1.1\r\n${keys}`;
  expect(await statusOf(`${head}\r\nContent-Length: ${body.length}`, body)).toBe(400);
});

test.each(HEADS)("[S32] a request with %s answers as it should", async (_, lines, status) => {
  const before = await position();
  const head = [`POST /v1/accounts/${account}/deposits HTTP/1.1`, ...lines].join("\r\n");
  expect(await statusOf(head, "hello")).toBe(status);
  expect(await position()).toBe(before);
});

const OVERRIDES = [
  "X-HTTP-Method-Override: DELETE",
  `X-User-Id: ${randomUUID()}`,
  "X-Forwarded-For: 10.0.0.1",
  "X-Request-Id: mine",
];

test.each(OVERRIDES)("[S80] %s changes nothing about a request", async (line) => {
  expect(await statusOf(`GET /v1/accounts/${account} HTTP/1.1\r\n${line}`)).toBe(200);
});
