import { afterAll, beforeAll, expect, test } from "vitest";
import { parseOrigins } from "../src/cors.ts";
import { openGateway, type TestGateway } from "./support/gateway.ts";

const APP = "https://app.bank.example";
const OTHER = "http://localhost:5173";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openGateway({ CORS_ORIGINS: `${APP}, ${OTHER}` });
});
afterAll(() => gateway.close());

async function ask(origin: string, method = "GET", headers: Record<string, string> = {}) {
  const { token } = await gateway.logIn();
  const authorization = method === "OPTIONS" ? {} : { authorization: `Bearer ${token}` };
  const all = { origin, ...authorization, ...headers };
  return fetch(`${gateway.url}/v1/accounts`, { method, headers: all });
}
const preflight = (origin: string) => {
  return ask(origin, "OPTIONS", { "access-control-request-method": "POST" });
};
const corsHeaders = ({ headers }: Response) => {
  return [...headers.keys()].filter((name) => name.startsWith("access-control-"));
};

test.each([APP, OTHER])("[S31] pages of %s, which is listed, may ask and read", async (origin) => {
  const answer = await ask(origin);
  expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
  expect(answer.headers.get("access-control-expose-headers")).toContain("consistency-token");
  expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  const before = gateway.seen.length;
  const allowed = await preflight(origin);
  expect([allowed.status, await allowed.text()]).toEqual([204, ""]);
  expect(allowed.headers.get("access-control-allow-origin")).toBe(origin);
  expect(allowed.headers.get("access-control-allow-methods")).toBe("GET, POST, PUT, DELETE");
  expect(allowed.headers.get("access-control-allow-headers")).toContain("idempotency-key");
  expect(allowed.headers.get("x-content-type-options")).toBe("nosniff");
  expect(gateway.seen.length).toBe(before);
});

const STRANGERS = [
  "null",
  "*",
  "https://app.bank.example.evil.example",
  "https://evil-app.bank.example",
  "https://sub.app.bank.example",
  "https://bank.example",
  "http://app.bank.example",
  "https://app.bank.example:8443",
  "https://app.bank.example/",
  "HTTPS://APP.BANK.EXAMPLE",
  "https://app.bank.example.",
  "https://appxbank.example",
  "https://app.bank.example, https://evil.example",
  "http://localhost:51730",
];

test.each(STRANGERS)("[S31] pages of %s may not", async (origin) => {
  const answer = await ask(origin);
  expect([corsHeaders(answer), answer.headers.get("vary")]).toEqual([[], "Origin"]);
  const refused = await preflight(origin);
  expect([refused.status, corsHeaders(refused)]).toEqual([401, []]);
});

test("[S31] refusals are readable for listed pages, and vary by origin, too", async () => {
  const answer = await fetch(`${gateway.url}/v1/accounts`, { headers: { origin: APP } });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("access-control-allow-origin")).toBe(APP);
  expect(answer.headers.get("vary")).toBe("Origin");
});

test("[S31] what a service's answer varies by is kept beside the origin", async () => {
  gateway.respondWith((response) => response.setHeader("vary", "accept").end("{}"));
  expect((await ask(APP)).headers.get("vary")).toBe("Origin, accept");
  gateway.respondWith((response) => response.end("{}"));
});

test("[S79] a form of another page answers 401 whatever it sends", async () => {
  const body = new URLSearchParams({ type: "checking" });
  const headers = { origin: "https://evil.example", cookie: "session=1" };
  const form = await fetch(`${gateway.url}/v1/accounts`, { method: "POST", headers, body });
  expect(form.status).toBe(401);
});

const NO_LISTS = [
  ...["*", "null", "app.bank.example", "https://app.bank.example/", "https://*.bank.example/x"],
  ...["https://APP.bank.example", "ftp://app.bank.example", `${APP},`, "https://a@bank.example"],
  ...["https://app.bank.example:443"],
];

test.each(NO_LISTS)("[S31] %s is no list of origins", (list) => {
  expect(parseOrigins(list)).toBeUndefined();
});
