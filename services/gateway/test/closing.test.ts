import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";

/** A command service that ends the connection of every request but the first of a connection. */
let command: Server;
let gateway: TestGateway;
let asked: string[];

beforeEach(async () => {
  asked = [];
  const known = new WeakSet<Socket>();
  command = createServer(({ socket, url, headers }, response: ServerResponse) => {
    asked.push(`${url} ${headers["idempotency-key"] ?? "no key"}`);
    if (known.has(socket)) socket.resetAndDestroy();
    else response.setHeader("content-type", "application/json").end("{}");
    known.add(socket);
  }).listen(0, "127.0.0.1");
  await once(command, "listening");
  const url = `http://127.0.0.1:${(command.address() as AddressInfo).port}`;
  gateway = await openGateway({ COMMAND_URL: url });
});
afterEach(async () => {
  await gateway.close();
  command.closeAllConnections();
  command.close();
});

async function deposit(token: string, key?: string): Promise<number> {
  const path = "/v1/accounts/7a5b1c2d-3e4f-8001-8c6d-000000000001/deposits";
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
      ...(key !== undefined && { "idempotency-key": key }),
    },
    body: "{}",
  });
  await response.body?.cancel();
  return response.status;
}

test("what was sent on a connection that its service was closing is sent once more", async () => {
  const { token } = await gateway.logIn();
  for (const key of ["a", "b", "c"]) expect(await deposit(token, key)).toBe(200);
  // The repeat opened a connection, which is a kept one for what comes after it.
  expect(asked.map((line) => line.split(" ")[1])).toEqual(["a", "b", "b", "c", "c"]);
});

test("a registration is not, whatever key it brings: nobody keeps its answer", async () => {
  const register = async () => {
    const response = await fetch(`${gateway.url}/v1/auth/register`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "a" },
      body: "{}",
    });
    await response.body?.cancel();
    return response.status;
  };
  expect([await register(), await register()]).toEqual([200, 503]);
  expect(gateway.asked).toEqual(["register", "register"]);
});
