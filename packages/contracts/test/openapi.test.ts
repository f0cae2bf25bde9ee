import { expect, test } from "vitest";
import { openApiDocument } from "../src/index.ts";

type Operations = Record<string, Record<string, { responses: Record<string, unknown> }>>;

function statusesOf(method: string, path: string): number[] {
  const paths = openApiDocument("1.0.0").paths as Operations;
  return Object.keys(paths[path]?.[method]?.responses ?? {}).map(Number);
}

const ROWS: [method: string, path: string, statuses: number[]][] = [
  ["get", "/.well-known/jwks.json", [200, 400, 406, 429, 431, 503]],
  ["post", "/v1/auth/login", [200, 400, 401, 406, 408, 413, 415, 429, 431, 503]],
  ["post", "/v1/auth/logout", [204, 400, 401, 408, 413, 415, 429, 431, 503]],
  ["post", "/v1/transfers", [201, 400, 401, 403, 404, 406, 408, 409, 413, 415, 422, 429, 431, 503]],
  [
    "post",
    "/v1/transfers/batch",
    [200, 400, 401, 403, 406, 408, 409, 413, 415, 422, 429, 431, 503],
  ],
  ["get", "/v1/accounts/{accountId}", [200, 400, 401, 403, 404, 406, 429, 431, 503]],
];

const HEADERS: [status: number, header: string][] = [
  [401, "WWW-Authenticate"],
  [409, "Retry-After"],
  [429, "Retry-After"],
  [503, "Retry-After"],
  [201, "RateLimit-Remaining"],
  [429, "RateLimit-Reset"],
];

test.each(HEADERS)("[S26] a %i declares %s", (status, header) => {
  const { paths, components } = openApiDocument("1.0.0") as unknown as {
    paths: Record<string, Record<string, { responses: Record<string, { headers: object }> }>>;
    components: { headers: object };
  };
  const described = paths["/v1/transfers"]?.post?.responses[status]?.headers;
  expect(described).toHaveProperty(header, { $ref: `#/components/headers/${header}` });
  expect(components.headers).toHaveProperty(header);
});

test.each(ROWS)("[S26] %s %s declares every status it may answer", (method, path, statuses) => {
  expect(statusesOf(method, path)).toEqual(statuses);
});
