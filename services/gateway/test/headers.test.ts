import { afterAll, beforeAll, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";
import { sendRaw } from "./support/raw.ts";

const ALWAYS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};
/** What else an answer may have; all other names are too much. */
const SOMETIMES = [
  ...["allow", "connection", "content-length", "content-type", "date", "keep-alive"],
  ...["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"],
  ...["transfer-encoding", "vary", "www-authenticate", "x-request-id"],
];

let gateway: TestGateway;
let strict: TestGateway;
beforeAll(async () => {
  gateway = await openGateway({ RATE_LIMIT_USER: "1000" });
  strict = await openGateway({ RATE_LIMIT_ADDRESS: "1" });
  await fetch(`${strict.url}/livez`);
});
afterAll(async () => {
  await gateway.close();
  await strict.close();
});

interface Kind {
  readonly status: number;
  readonly head: string;
  readonly more?: string;
  readonly body?: string;
  /** A status that the service behind answers; absent when none answers. */
  readonly service?: number | "none";
  readonly isLimited?: true;
}

const post = "POST /v1/transfers HTTP/1.1";
const KINDS: [what: string, kind: Kind][] = [
  ["a public answer", { status: 200, head: "GET /livez HTTP/1.1" }],
  ["an answer of a service", { status: 200, head: "GET /v1/accounts HTTP/1.1" }],
  ["an answer that created", { status: 201, head: post, service: 201 }],
  ["an empty answer", { status: 204, head: post, service: 204 }],
  ["a refusal of a service", { status: 422, head: post, service: 422 }],
  ["a failure of a service", { status: 500, head: "GET /v1/accounts HTTP/1.1", service: 500 }],
  ["a service away", { status: 503, head: "GET /v1/accounts HTTP/1.1", service: "none" }],
  ["no token", { status: 401, head: "GET /v1/accounts HTTP/1.1\r\nX-No-Token: 1" }],
  ["an unknown path", { status: 404, head: "GET /v1/nothing HTTP/1.1" }],
  ["a path of no encoding", { status: 404, head: "GET /v1/accounts/%zz HTTP/1.1" }],
  ["a wrong method", { status: 405, head: "PUT /v1/transfers HTTP/1.1" }],
  ["too large a body", { status: 413, head: post, more: "Content-Length: 70000" }],
  ["too many requests", { status: 429, head: "GET /livez HTTP/1.1", isLimited: true }],
  [
    "too large a header",
    { status: 431, head: "GET /livez HTTP/1.1", more: `X: ${"x".repeat(9e3)}` },
  ],
  ["what is no HTTP", { status: 400, head: "HELLO" }],
  [
    "chunks of no number",
    { status: 400, head: post, more: "Transfer-Encoding: chunked", body: "Z\r\n" },
  ],
  ["a slow header", { status: 408, head: "GET /livez HTTP/1.1", more: "X: y" }],
];

test.each(KINDS)("[S90] %s has the headers of every answer and none too many", async (_, kind) => {
  const { token } = await gateway.logIn();
  gateway.respondWith((response) => {
    if (kind.service === "none") response.destroy();
    else response.writeHead(kind.service ?? 200).end(kind.service === 204 ? undefined : "{}");
  });
  const authorization = kind.head.includes("X-No-Token")
    ? ""
    : `Authorization: Bearer ${token}\r\n`;
  const isSlow = kind.status === 408;
  const more = kind.more === undefined ? "" : `${kind.more}\r\n`;
  const end = isSlow ? "" : "Connection: close\r\n\r\n";
  const bytes = `${kind.head}\r\nHost: bank\r\n${authorization}${more}${end}${kind.body ?? ""}`;
  const answer = await sendRaw((kind.isLimited ? strict : gateway).url, bytes);
  const { status, headers } = parse(answer);
  expect(status).toBe(kind.status);
  expect(headers).toMatchObject(ALWAYS);
  const others = Object.keys(headers).filter((name) => !(name in ALWAYS));
  expect(others.filter((name) => !SOMETIMES.includes(name))).toEqual([]);
});

test("[S78] what a page could run comes as JSON that no browser takes for a page", async () => {
  const { token } = await gateway.logIn();
  const name = "<script>alert(1)</script>";
  gateway.respondWith((response) => response.end(JSON.stringify({ name })));
  const headers = { authorization: `Bearer ${token}`, accept: "text/html" };
  const answer = await fetch(`${gateway.url}/v1/accounts`, { headers });
  expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(await answer.json()).toEqual({ name });
});

function parse(answer: string): { status: number; headers: Record<string, string> } {
  const [first = "", ...lines] = answer.split("\r\n\r\n", 1)[0]?.split("\r\n") ?? [];
  const pairs = lines.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
  });
  // A header that comes twice would be hidden by a table.
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
  return { status: Number(first.split(" ")[1]), headers: Object.fromEntries(pairs) };
}
