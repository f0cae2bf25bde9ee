import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";

const ACCOUNT = "019ab5f0-7c3e-8001-a2b4-5f6e7d8c9b0a";

let gateway: TestGateway;
let upstream: ServerResponse[];

beforeEach(async () => {
  upstream = [];
  gateway = await openGateway();
  gateway.respondWith((response, { url }) => {
    if (!url?.endsWith("/stream")) {
      response.end("{}");
      return;
    }
    response.setHeader("content-type", "text/event-stream");
    response.write("id: 1\ndata: {}\n\n");
    upstream.push(response);
  });
});
afterEach(async () => {
  for (const response of upstream) response.destroy();
  await gateway.close();
});

interface Open {
  readonly status: number;
  readonly headers: Headers;
  /** The next piece; undefined once the answer has ended, rejected when it broke off. */
  read(): Promise<string | undefined>;
  hangUp(): void;
}

async function open(token: string): Promise<Open> {
  const hangUp = new AbortController();
  const response = await fetch(`${gateway.url}/v1/accounts/${ACCOUNT}/stream`, {
    headers: { authorization: `Bearer ${token}`, "last-event-id": "7" },
    signal: hangUp.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  return {
    status: response.status,
    headers: response.headers,
    read: async () => (await reader?.read())?.value,
    hangUp: () => hangUp.abort(),
  };
}

async function expectToEnd(stream: Open): Promise<void> {
  expect(await stream.read()).toBeUndefined();
  await expect.poll(() => upstream[0]?.destroyed).toBe(true);
}

test("a stream passes piece by piece, with the id that it goes on after", async () => {
  const { token } = await gateway.logIn();
  const stream = await open(token);
  expect(stream.headers.get("cache-control")).toBe("no-store");
  expect(await stream.read()).toBe("id: 1\ndata: {}\n\n");
  upstream[0]?.write(":\n\n");
  expect(await stream.read()).toBe(":\n\n");
  expect(gateway.seen.at(-1)?.headers["last-event-id"]).toBe("7");
  upstream[0]?.end();
  expect(await stream.read()).toBeUndefined();
});

test("a service learns when the reader of a stream has gone", async () => {
  const { token } = await gateway.logIn();
  const stream = await open(token);
  await stream.read();
  stream.hangUp();
  await expect.poll(() => upstream[0]?.destroyed).toBe(true);
});

test("[S8] a stream ends with the token that it was opened with", async () => {
  const { sessionId } = await gateway.logIn();
  const halfAnHourAgo = Math.floor(Date.now() / 1000) - 30 * 60;
  const sub = gateway.sessions.get(sessionId)?.userId;
  const claims = { sub, sid: sessionId, jti: randomUUID() };
  const stream = await open(gateway.sign({ ...claims, iat: halfAnHourAgo + 2 }));
  expect(await stream.read()).toContain("id: 1");
  const before = Date.now();
  await expectToEnd(stream);
  expect(Date.now() - before).toBeLessThan(2_500);
});

test("[S8] a stream ends with its session", async () => {
  const { token, sessionId } = await gateway.logIn();
  const stream = await open(token);
  await stream.read();
  gateway.sessions.delete(sessionId);
  await gateway.announce(sessionId);
  await expectToEnd(stream);
});

test("[S17] a stream ends when its user may do other things than before", async () => {
  const { token, sessionId } = await gateway.logIn();
  const stream = await open(token);
  await stream.read();
  const session = gateway.sessions.get(sessionId);
  if (session !== undefined) session.roles = ["auditor"];
  await gateway.announce(sessionId);
  await expectToEnd(stream);
});

test("what changes about other sessions ends no stream, nor does a lost feed", async () => {
  const [one, other] = [await gateway.logIn(), await gateway.logIn()];
  const stream = await open(one.token);
  await stream.read();
  gateway.sessions.delete(other.sessionId);
  await gateway.announce(other.sessionId);
  await gateway.announce(one.sessionId);
  gateway.cutFeed();
  await expect.poll(() => gateway.asked.length).toBeGreaterThan(2);
  upstream[0]?.write(":\n\n");
  expect(await stream.read()).toBe(":\n\n");
});

test("[S36] a session that ends unheard ends its stream all the same", async () => {
  const { token, sessionId } = await gateway.logIn();
  const stream = await open(token);
  await stream.read();
  gateway.sessions.delete(sessionId);
  gateway.stopFeed();
  await expectToEnd(stream);
});

test("open streams take nobody's place, and end with the gateway", async () => {
  const { token } = await gateway.logIn();
  const streams = await Promise.all(Array.from({ length: 300 }, () => open(token)));
  for (const stream of streams) expect(await stream.read()).toContain("id: 1");
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${gateway.url}/v1/accounts`, { headers })).status).toBe(200);
  const closing = gateway.close();
  for (const stream of streams) expect(await stream.read()).toBeUndefined();
  await closing;
  gateway = await openGateway();
});
