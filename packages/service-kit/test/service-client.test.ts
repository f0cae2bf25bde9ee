import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createInnerSigner, createServiceClient } from "../src/index.ts";

const signer = createInnerSigner("query", randomBytes(32).toString("base64url"));

async function askOf(respond: (response: ServerResponse) => void): Promise<unknown> {
  const server = createServer((_, response) => respond(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = createServiceClient(`http://127.0.0.1:${port}`, "relay", signer);
  return client.ask("listLedgers", {}).finally(() => {
    server.closeAllConnections();
    server.close();
  });
}

test("the body of a success is given, and nothing for a 404", async () => {
  expect(await askOf((response) => response.end('{"items":[]}'))).toEqual({ items: [] });
  expect(await askOf((response) => response.writeHead(404).end("{}"))).toBeUndefined();
});

const AWAY: [what: string, respond: (response: ServerResponse) => void][] = [
  ["a refusal", (response) => response.writeHead(500).end("{}")],
  ["no answer", (response) => response.destroy()],
  [
    "an answer that breaks off",
    (response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"items":');
      setTimeout(() => response.destroy(), 20);
    },
  ],
  ["an answer that does not end", (response) => response.writeHead(200).write('{"items":')],
];

test.each(AWAY)("[S36] %s is a 503 to whoever asked", async (_, respond) => {
  await expect(askOf(respond)).rejects.toMatchObject({ code: "unavailable", retryable: true });
});
