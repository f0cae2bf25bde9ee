import { afterAll, expect, test } from "vitest";
import { createApp, createLogger, createMetrics } from "../src/index.ts";

const app = createApp({
  name: "test",
  logger: createLogger("test", { LOG_LEVEL: "silent" }),
  metrics: createMetrics("test"),
  readiness: [],
  requestIds: "new",
});
app.post("/bodies", { config: { access: "public" } }, async ({ body }) => ({ given: body }));
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

test.each(BODIES)("%s with the body '%s' answers %j", async (type, body, answer) => {
  expect(await post(type, body)).toEqual(answer);
});
