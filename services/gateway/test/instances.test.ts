import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";

/** Two query services that say which they are. */
let servers: Server[];
let asked: string[];
let gateway: TestGateway;
let token: string;

beforeEach(async () => {
  asked = [];
  servers = await Promise.all(["one", "two"].map((name) => serve(named(name))));
  gateway = await openGateway({ QUERY_URL: servers.map(urlOf).join(",") });
  token = (await gateway.logIn()).token;
});
afterEach(async () => {
  await gateway.close();
  for (const server of servers) server.close();
});

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function named(name: string): RequestListener {
  return ({ url }, response) => {
    if (url?.startsWith("/readyz") === false) asked.push(name);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ name }));
  };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function kill(server: Server | undefined): Promise<void> {
  server?.closeAllConnections();
  await new Promise((done) => server?.close(done));
}

function become(server: Server | undefined, listener: RequestListener): void {
  server?.removeAllListeners("request");
  server?.on("request", listener);
}

function ask(path = "/v1/accounts", method = "GET"): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "idempotency-key": "key" };
  return fetch(gateway.url + path, { method, headers });
}

test("instances are asked in turn", async () => {
  for (let i = 0; i < 4; i += 1) expect((await ask()).status).toBe(200);
  expect(asked.toSorted()).toEqual(["one", "one", "two", "two"]);
});

test("where one is out of reach the other answers, whoever's turn it is", async () => {
  await kill(servers[0]);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask()));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(asked).toEqual(Array(10).fill("two"));
  expect((await ask("/readyz")).status).toBe(200);
});

test("one that breaks off before its answer is whole is replaced by the other", async () => {
  become(servers[0], (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half of it", () => response.destroy());
  });
  for (let i = 0; i < 4; i += 1) {
    const answer = await ask();
    expect([answer.status, await answer.json()]).toEqual([200, { name: "two" }]);
  }
});

test("an instance that says no has answered: nobody else is asked", async () => {
  for (const [i, name] of ["one", "two"].entries()) {
    become(servers[i], (_, response) => {
      asked.push(name);
      response.writeHead(503, { "retry-after": "1" }).end();
    });
  }
  expect((await ask()).status).toBe(503);
  expect(asked).toHaveLength(1);
});

test("without any instance a query answers 503, and the gateway is not ready", async () => {
  for (const server of servers) await kill(server);
  const { status, headers } = await ask();
  expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
  expect((await ask("/readyz")).status).toBe(503);
});

test("an instance that comes back is asked again", async () => {
  const [first] = servers as [Server];
  const { port } = first.address() as AddressInfo;
  await kill(first);
  expect((await ask()).status).toBe(200);
  servers[0] = createServer(named("one again")).listen(port, "127.0.0.1");
  await once(servers[0], "listening");
  const isAsked = async () => {
    await ask();
    return asked.includes("one again");
  };
  await expect.poll(isAsked, { timeout: 10_000 }).toBe(true);
});

test("a command is never sent twice", async () => {
  await gateway.stopBackend();
  expect((await ask("/v1/accounts", "POST")).status).toBe(503);
  expect(asked).toEqual([]);
});
