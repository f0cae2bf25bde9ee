import { randomUUID } from "node:crypto";
import { type Operation, publicOperations } from "@countinghouse/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";

const operations = Object.values(publicOperations) as Operation[];

/** What anybody may ask for. Whoever adds to it says here that it is meant. */
const FOR_ANYBODY = [
  "GET /.well-known/jwks.json",
  "GET /v1/audit/checkpoint",
  "GET /v1/audit/key",
  "POST /v1/auth/login",
  "POST /v1/auth/refresh",
  "POST /v1/auth/register",
];

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

test("[S16] these operations are for anybody, and no others", () => {
  const open = operations.filter(({ access }) => access === "public");
  expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(FOR_ANYBODY);
});

const CLOSED = operations.filter(({ access }) => access !== "public");

test.each(CLOSED)("[S2] [S80] $method $path without a token answers 401", async (operation) => {
  const { method, path } = operation;
  const before = gateway.seen.length;
  const url = gateway.url + path.replaceAll(/\{[^}]+\}/g, randomUUID());
  const answer = await fetch(url, { method });
  expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  expect(gateway.seen.length).toBe(before);
});
