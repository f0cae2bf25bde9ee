import { PROBLEMS, type ProblemCode } from "@countinghouse/contracts";
import { afterAll, expect, test } from "vitest";
import { createApp, createLogger, createMetrics } from "../src/index.ts";

const newApp = () => {
  return createApp({
    name: "test",
    logger: createLogger("test", { LOG_LEVEL: "silent" }),
    metrics: createMetrics("test"),
    readiness: [],
    requestIds: "new",
  });
};
const app = newApp();
app.post("/bodies", { config: { access: "public" } }, async ({ body }) => ({ given: body }));
const SECRET = "SELECT secret FROM users at /srv/bank/src/main.ts on db.internal";
const detailed = Object.assign(new Error(SECRET), {
  ...{ severity: "ERROR", code: "23505", detail: SECRET, table: "users" },
});
const FAILURES: Record<string, { error: unknown; status: number; code: string }> = {
  fault: { error: new TypeError(SECRET), status: 500, code: "internal" },
  database: { error: detailed, status: 500, code: "internal" },
  away: {
    error: Object.assign(new Error(SECRET), { code: "ECONNREFUSED" }),
    status: 503,
    code: "unavailable",
  },
  thrown: { error: SECRET, status: 500, code: "internal" },
  teapot: {
    error: Object.assign(new Error(SECRET), { statusCode: 418 }),
    status: 500,
    code: "internal",
  },
  nested: {
    error: new Error("outer", { cause: new Error(SECRET) }),
    status: 500,
    code: "internal",
  },
};
for (const [name, { error }] of Object.entries(FAILURES)) {
  app.get(`/${name}`, { config: { access: "public" } }, async () => {
    throw error;
  });
}
afterAll(() => app.close());

async function post(contentType: string, payload: string) {
  const headers = { "content-type": contentType };
  const answer = await app.inject({ method: "POST", url: "/bodies", headers, payload });
  return [answer.statusCode, answer.json().code ?? answer.json()];
}

const BODIES: [type: string, body: string, answer: unknown[]][] = [
  ["application/json", '{"a":1}', [200, { given: { a: 1 } }]],
  ["application/json; charset=utf-8", "{}", [200, { given: {} }]],
  // Clients announce a type for a body they do not send.
  ["application/json", "", [200, {}]],
  ["application/json", " ", [400, "malformed"]],
  ["text/plain", "", [415, "unsupported_media_type"]],
  ["application/jsonx", "{}", [415, "unsupported_media_type"]],
  ["application/json; charset=utf-16", "{}", [415, "unsupported_media_type"]],
];

test.each(BODIES)("[S33] %s with the body '%s' answers %j", async (type, body, answer) => {
  expect(await post(type, body)).toEqual(answer);
});

test.each(Object.entries(FAILURES))(
  "[S34] a failure of the kind %s says nothing",
  async (name, row) => {
    const answer = await app.inject({ method: "GET", url: `/${name}` });
    expect(answer.statusCode).toBe(row.status);
    const { title, detail } = PROBLEMS[row.code as ProblemCode];
    expect(answer.json()).toEqual({
      ...{ type: `urn:countinghouse:problem:${row.code}`, title, status: row.status },
      ...{ code: row.code, detail, instance: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  },
);

test("[S2] a route that says not who may call it ends the start", () => {
  expect(() => newApp().get("/forgotten", async () => "x")).toThrow(
    "GET /forgotten declares no access policy",
  );
});
