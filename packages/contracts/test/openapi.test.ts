import { expect, test } from "vitest";
import { openApiDocument } from "../src/index.ts";

type Operations = Record<string, Record<string, { responses: Record<string, unknown> }>>;

function statusesOf(method: string, path: string): number[] {
  const paths = openApiDocument("1.0.0").paths as Operations;
  return Object.keys(paths[path]?.[method]?.responses ?? {}).map(Number);
}

const ROWS: [method: string, path: string, statuses: number[]][] = [
  ["get", "/.well-known/jwks.json", [200, 400, 406, 429, 503]],
  ["post", "/v1/auth/login", [200, 400, 401, 406, 408, 413, 415, 429, 503]],
  ["post", "/v1/auth/logout", [204, 400, 401, 408, 413, 415, 429, 503]],
  ["post", "/v1/transfers", [201, 400, 401, 403, 404, 406, 408, 409, 413, 415, 422, 429, 503]],
  ["get", "/v1/accounts/{accountId}", [200, 400, 401, 403, 404, 406, 429, 503]],
];

test.each(ROWS)("[S26] %s %s declares every status it may answer", (method, path, statuses) => {
  expect(statusesOf(method, path)).toEqual(statuses);
});
