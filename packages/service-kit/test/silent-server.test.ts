import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createLogger, createPool, isDatabaseAway } from "../src/index.ts";

const STATEMENT_TIMEOUT_MS = 100;

/** Stands between a pool and PostgreSQL; `isCut` keeps every byte from then on. */
let isCut = false;
const sockets = new Set<Socket>();
const between = createServer((client) => {
  const { hostname, port } = new URL(inject("postgresUrl"));
  const server = connect(Number(port), hostname);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    sockets.add(from);
    from.on("data", (bytes) => isCut || to.write(bytes));
    from.on("error", () => {});
    from.on("close", () => to.destroy());
  }
});

beforeAll(async () => {
  await once(between.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  between.close();
});

test("[S36] a server fallen silent fails a query, and serves again when it speaks", async () => {
  const url = new URL(inject("postgresUrl"));
  url.port = String((between.address() as AddressInfo).port);
  const logger = createLogger("test", { LOG_LEVEL: "silent" } as never);
  const limits = { max: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS };
  const pool = createPool(url.href, "test", logger, limits);
  await pool.query("SELECT 1");
  isCut = true;
  const failure = await pool.query("SELECT 2").catch((error: unknown) => error);
  expect(isDatabaseAway(failure)).toBe(true);
  isCut = false;
  const { rows } = await pool.query("SELECT 3 AS n");
  expect(rows).toEqual([{ n: 3 }]);
  await pool.end();
});
