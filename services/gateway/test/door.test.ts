import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KEY, openGateway, type TestGateway } from "./support/gateway.ts";
import { hasHead, sendRaw } from "./support/raw.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

async function call(method: string, path: string, token?: string, init: RequestInit = {}) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { ...authorization, ...(init.headers as Record<string, string>) };
  const response = await fetch(gateway.url + path, { ...init, method, headers });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  return { status: response.status, headers: response.headers, text, body: isJson && parse(text) };
}

function parse(text: string) {
  return text === "" ? undefined : JSON.parse(text);
}

describe("what goes through", () => {
  test("[S80] a request reaches its service with an inner token, not with the user's", async () => {
    const { token } = await gateway.logIn();
    const path = `/v1/accounts/${randomUUID()}/transactions?limit=5&q=a%20b`;
    const answer = await call("GET", path, token, {
      headers: { cookie: "a=b", "x-role": "admin" },
    });
    expect(answer.status).toBe(200);
    const seen = gateway.seen.at(-1);
    expect([seen?.method, seen?.url]).toEqual(["GET", path]);
    expect(seen?.headers.authorization).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
    expect(seen?.headers.authorization).not.toContain(token);
    expect(seen?.headers).not.toHaveProperty("cookie");
    expect(seen?.headers).not.toHaveProperty("x-role");
  });

  test("the body and the headers of a command pass unchanged, and so does the answer", async () => {
    const { token } = await gateway.logIn();
    gateway.respondWith((response) => {
      response.writeHead(422, { "consistency-token": "abc", "content-type": "text/odd" });
      response.end('{"as":"it is"}');
    });
    const headers = { "content-type": "application/json", "idempotency-key": "k 1" };
    const init = { headers, body: '{ "a" : 1 }' };
    const answer = await call("POST", "/v1/transfers", token, init);
    expect([answer.status, answer.text]).toEqual([422, '{"as":"it is"}']);
    expect(answer.headers.get("consistency-token")).toBe("abc");
    expect(gateway.seen.at(-1)?.body).toBe('{ "a" : 1 }');
    expect(gateway.seen.at(-1)?.headers["idempotency-key"]).toBe("k 1");
    gateway.respondWith((response) => response.end("{}"));
  });

  test("a request id is the gateway's own, whatever the client sends", async () => {
    const { token } = await gateway.logIn();
    const mine = randomUUID();
    await call("GET", "/v1/accounts", token, { headers: { "x-request-id": mine } });
    const id = gateway.seen.at(-1)?.headers["x-request-id"];
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(id).not.toBe(mine);
  });

  test("the head of a stream comes at once, before its first byte", async () => {
    const { token } = await gateway.logIn();
    gateway.respondWith((response) => response.flushHeaders());
    const hangUp = new AbortController();
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${gateway.url}/v1/events?follow=true`, {
      headers,
      signal: hangUp.signal,
    });
    expect(response.status).toBe(200);
    hangUp.abort();
    gateway.respondWith((again) => again.end("{}"));
  });
});

const BAD_TOKENS: [what: string, make: () => Promise<string> | string][] = [
  ["a token of a session that nobody knows", () => gateway.sign(claims())],
  ["a token without a session", () => gateway.sign({ ...claims(), sid: undefined })],
  ["a token without a subject", () => gateway.sign({ ...claims(), sub: undefined })],
  ["a token that ended", () => gateway.sign({ ...claims(), iat: 1, exp: 2 })],
  ["a token that lives for years", () => gateway.sign({ ...claims(), iat: 1, exp: 9e9 })],
  ["a token for another audience", () => gateway.sign({ ...claims(), aud: "elsewhere" })],
  ["a token of another issuer", () => gateway.sign({ ...claims(), iss: "elsewhere" })],
  ["the key itself", () => KEY.key],
];

const claims = () => ({ sub: randomUUID(), sid: randomUUID(), jti: randomUUID() });

test.each(BAD_TOKENS)("[S8] %s answers 401", async (_, make) => {
  const before = gateway.seen.length;
  const answer = await call("GET", "/v1/accounts", await make());
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  expect(gateway.seen.length).toBe(before);
});

test("[S9] two Authorization headers are no token", async () => {
  const { token } = await gateway.logIn();
  const line = `Authorization: Bearer ${token}\r\n`;
  const request = `GET /v1/accounts HTTP/1.1\r\nHost: x\r\n${line}${line}Connection: close\r\n\r\n`;
  expect(await sendRaw(gateway.url, request)).toMatch(/^HTTP\/1\.1 401 /);
});

test("[S16] what is not there is not told to somebody without a token", async () => {
  expect((await call("GET", "/v1/nothing")).status).toBe(401);
  const { token } = await gateway.logIn();
  expect((await call("GET", "/v1/nothing", token)).status).toBe(404);
  expect((await call("GET", "/internal/sessions/x", token)).status).toBe(404);
  expect((await call("GET", "/metrics", token)).status).toBe(404);
  const page = await call("GET", "/docs/nothing");
  expect([page.status, page.body.code]).toEqual([404, "not_found"]);
  const wrong = await call("DELETE", "/v1/accounts", token);
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, POST"]);
  for (const method of ["QUERY", "PATCH", "OPTIONS", "PROPFIND"]) {
    expect((await call(method, "/v1/accounts", token, { body: "x" })).status).toBe(405);
  }
});

const json = { "content-type": "application/json", "idempotency-key": "k" };

describe("[S32] sizes", () => {
  const over = "x".repeat(64 * 1024 + 1);

  test("a body of 64 KiB and one byte answers 413 and reaches nobody", async () => {
    const { token } = await gateway.logIn();
    const before = gateway.seen.length;
    const answer = await call("POST", "/v1/transfers", token, { headers: json, body: over });
    expect([answer.status, answer.body.code]).toEqual([413, "too_large"]);
    expect(gateway.seen.length).toBe(before);
  });

  test("the same sent in chunks without a length answers 413", async () => {
    const { token } = await gateway.logIn();
    const head = [
      "POST /v1/transfers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n",
      `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n\r\n`,
    ].join("");
    const chunk = `${over.length.toString(16)}\r\n${over}\r\n`;
    expect(await sendRaw(gateway.url, head + chunk, hasHead)).toMatch(/^HTTP\/1\.1 413 /);
    // However much follows it, and the connection is good for another request.
    const next = "0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    const both = await sendRaw(gateway.url, head + chunk.repeat(40) + next, (answer) => {
      return answer.includes('"live"');
    });
    expect(both.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
  });

  test("a header of 20 KB answers 431 with the headers of every answer", async () => {
    const request = `GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`;
    const answer = await sendRaw(gateway.url, request);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain("x-content-type-options: nosniff");
    expect(answer).toContain('"code":"headers_too_large"');
  });

  test("what is no HTTP answers 400", async () => {
    expect(await sendRaw(gateway.url, "HELLO\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("headers that do not end within 5 s answer 408", async () => {
    const answer = await sendRaw(gateway.url, "GET /livez HTTP/1.1\r\nHost: x\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request_timeout"');
  });
});

describe("[S32] slow and broken clients", () => {
  const post = async (path: string, more: string) => {
    const { token } = await gateway.logIn();
    const type = "Content-Type: application/json\r\n";
    return `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${type}${more}`;
  };

  test("bodies that do not end keep nobody else waiting", async () => {
    const request = await post("/v1/transfers", "Content-Length: 2\r\n\r\n");
    await sendRaw(gateway.url, `${request}{}`, hasHead);
    const { hostname, port } = new URL(gateway.url);
    const slow = Array.from({ length: 300 }, () => connect(Number(port), hostname));
    for (const socket of slow) socket.write(`${request}{`);
    await Promise.all(slow.map((socket) => once(socket, "connect")));
    // A new connection, so that it comes after all of them.
    const answer = sendRaw(gateway.url, `${request}{}`, hasHead);
    const late = new Promise((resolve) => setTimeout(() => resolve("late"), 2_000));
    expect(await Promise.race([answer, late])).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of slow) socket.destroy();
  });

  test("what follows a request and is none does not answer for it", async () => {
    gateway.respondWith((response) => setTimeout(() => response.end('{"done":true}'), 100));
    const request = await post("/v1/transfers", "Content-Length: 2\r\n\r\n{}");
    const answer = await sendRaw(gateway.url, `${request}GARBAGE\r\n\r\n`);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
    expect(answer.indexOf('{"done":true}')).toBeLessThan(answer.indexOf("HTTP/1.1 400"));
    gateway.respondWith((response) => response.end("{}"));
  });

  test("a body whose chunks are broken answers 400 at once", async () => {
    const request = await post("/v1/transfers", "Transfer-Encoding: chunked\r\n\r\nZZ\r\n");
    expect(await sendRaw(gateway.url, request)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("an empty body in chunks is no body", async () => {
    const chunked = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    await sendRaw(gateway.url, await post("/v1/transfers", chunked), hasHead);
    expect(gateway.seen.at(-1)?.headers).toMatchObject({ "content-length": "0" });
  });

  test("a command without a body needs no length", async () => {
    await sendRaw(gateway.url, await post("/v1/transfers", "\r\n"), hasHead);
    const seen = gateway.seen.at(-1);
    expect([seen?.body, seen?.headers["content-length"]]).toEqual(["", "0"]);
    expect(seen?.headers).not.toHaveProperty("transfer-encoding");
  });

  test("what a GET sends along goes no further", async () => {
    const { token } = await gateway.logIn();
    const head = `GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`;
    await sendRaw(gateway.url, `${head}Content-Length: 2\r\n\r\n{}`, hasHead);
    expect(gateway.seen.at(-1)).toMatchObject({ method: "GET", body: "" });
  });
});
