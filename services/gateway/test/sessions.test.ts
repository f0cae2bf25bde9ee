import { afterEach, beforeEach, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await openGateway();
});
afterEach(() => gateway.close());

async function statusWith(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${gateway.url}/v1/accounts`, { headers });
  await response.body?.cancel();
  return response.status;
}

/** Resolves once the gateway asks for every request. */
async function unheard(): Promise<void> {
  const { token, sessionId } = await gateway.logIn();
  const questions = () => gateway.asked.filter((id) => id === sessionId).length;
  await expect.poll(() => statusWith(token).then(questions), { interval: 5 }).toBeGreaterThan(2);
}

test("a live session is asked for once", async () => {
  const { token } = await gateway.logIn();
  for (let i = 0; i < 5; i += 1) expect(await statusWith(token)).toBe(200);
  expect(gateway.asked).toHaveLength(1);
});

test("[S8] once auth has answered whoever ended a session, the next call is refused", async () => {
  const { token, sessionId } = await gateway.logIn();
  expect(await statusWith(token)).toBe(200);
  gateway.sessions.delete(sessionId);
  await gateway.announce(sessionId);
  expect(await statusWith(token)).toBe(401);
});

test("[S8] an answer that was under way when the session ended is not remembered", async () => {
  const { token, sessionId } = await gateway.logIn();
  const release = gateway.holdAnswers();
  const early = statusWith(token);
  await expect.poll(() => gateway.asked.length, { interval: 5 }).toBe(1);
  await gateway.announce(sessionId);
  release();
  await early;
  const before = gateway.asked.length;
  await statusWith(token);
  expect(gateway.asked.length).toBe(before + 1);
});

test("[S17] changed roles are in the next inner token", async () => {
  const { token, sessionId } = await gateway.logIn();
  await statusWith(token);
  const session = gateway.sessions.get(sessionId);
  if (session !== undefined) session.roles = ["auditor"];
  await gateway.announce(sessionId);
  await statusWith(token);
  const [, claims = ""] = gateway.seen.at(-1)?.headers.authorization?.split(".") ?? [];
  expect(JSON.parse(Buffer.from(claims, "base64url").toString()).roles).toEqual(["auditor"]);
});

test("[S36] while auth is not heard the gateway asks for every request", async () => {
  const { token, sessionId } = await gateway.logIn();
  await statusWith(token);
  gateway.cutFeed();
  gateway.sessions.delete(sessionId);
  await expect.poll(() => statusWith(token), { interval: 20 }).toBe(401);
});

test("[S8] while auth is not heard nobody gets what somebody else had asked for", async () => {
  const { token, sessionId } = await gateway.logIn();
  gateway.stopFeed();
  await unheard();
  const questions = () => gateway.asked.filter((id) => id === sessionId).length;
  const release = gateway.holdAnswers();
  const early = statusWith(token);
  await expect.poll(questions, { interval: 5 }).toBe(1);
  gateway.sessions.delete(sessionId);
  const late = statusWith(token);
  await expect.poll(questions, { interval: 5 }).toBe(2);
  release();
  expect([await early, await late]).toEqual([200, 401]);
});

test("[S36] a service that is away answers 503 with Retry-After", async () => {
  const { token } = await gateway.logIn();
  await gateway.stopBackend();
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${gateway.url}/v1/accounts`, { headers });
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(await response.json()).toMatchObject({ code: "unavailable", status: 503 });
});

test("[S36] while auth is gone nobody gets in, be the token good or not", async () => {
  const { token } = await gateway.logIn();
  await statusWith(token);
  await gateway.stopAuth();
  // What is remembered counts until the gateway notices that it hears nothing any more.
  await expect.poll(() => statusWith(token), { interval: 20 }).toBe(503);
  const { token: other } = await gateway.logIn();
  expect(await statusWith(other)).toBe(503);
  expect(await statusWith(`${other.slice(0, -4)}AAAA`)).toBe(503);
});

test("[S58] the gateway is ready while its services are, and live regardless", async () => {
  gateway.respondWith((response) => response.writeHead(200).end("{}"));
  await gateway.stopBackend();
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
});
