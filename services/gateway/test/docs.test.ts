import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncApiDocument, openApiDocument } from "@countinghouse/contracts";
import { goldenEvents } from "@countinghouse/contracts/golden";
import { newCertificate } from "@countinghouse/testing";
import { afterEach, expect, test } from "vitest";
import { openGateway, type TestGateway } from "./support/gateway.ts";

let gateway: TestGateway | undefined;
afterEach(() => gateway?.close());

const PRODUCTION = { ENVIRONMENT: "production", RATE_LIMIT_ADDRESS: "100", RATE_LIMIT_USER: "100" };

test("the documents of requests and of events are there without a token", async () => {
  gateway = await openGateway();
  const wanted = {
    "/openapi.json": openApiDocument,
    "/asyncapi.json": (version: string) => asyncApiDocument(version, goldenEvents()),
  };
  for (const [path, documentOf] of Object.entries(wanted)) {
    const answer = await fetch(gateway.url + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    const document = (await answer.json()) as { info: { version: string } };
    expect(document).toEqual(JSON.parse(JSON.stringify(documentOf(document.info.version))));
  }
});

test("the page has both documents", { timeout: 60_000 }, async () => {
  gateway = await openGateway();
  const page = await (await fetch(`${gateway.url}/docs/`)).text();
  expect(page).toContain("/openapi.json");
  expect(page).toContain("/asyncapi.json");
});

test("a document is read and nothing else", async () => {
  gateway = await openGateway();
  const { token } = await gateway.logIn();
  const headers = { authorization: `Bearer ${token}` };
  for (const path of ["/openapi.json", "/asyncapi.json"]) {
    const answer = await fetch(gateway.url + path, { method: "DELETE", headers });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
  }
});

test("[S16] in production neither a document nor the page is there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-docs-"));
  const { certFile, keyFile, ca } = await newCertificate(folder);
  const tls = { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile };
  gateway = await openGateway({ ...PRODUCTION, LOG_LEVEL: "fatal", ...tls });
  for (const path of ["/openapi.json", "/asyncapi.json", "/docs", "/docs/"]) {
    const [answer] = await once(get(gateway.url + path, { ca, agent: false }), "response");
    expect(answer.statusCode).toBe(401);
    answer.resume();
  }
  rmSync(folder, { recursive: true });
});
