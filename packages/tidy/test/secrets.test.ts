import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import { expect, test } from "vitest";
import { ROOT, sources } from "../src/sources.ts";

const HISTORY_MAX = 256 * 1024 * 1024;
const LONG_MS = 120_000;
const config = {
  rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator, options: {} }],
};

/** What is told of each secret in a text: where, and what kind it is; not the secret. */
async function secretsIn(filePath: string, content: string): Promise<string[]> {
  const source = { filePath, content, contentType: "text", ext: "" } as const;
  const { messages } = await lintSource({ source, options: { config, noPhysicFilePath: true } });
  return messages.map(({ loc, messageId }) => `${filePath}:${loc.start.line} ${messageId}`);
}

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PLANTED: [what: string, text: string][] = [
  ["a private key", privateKey.export({ format: "pem", type: "pkcs8" }) as string],
  [
    "a token of a code host",
    `const token = "${["ghp", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"].join("_")}";`,
  ],
  ["the key of a cloud", `AWS_SECRET_ACCESS_KEY="${"aB3/xY9z".repeat(5)}"`],
  ["a database and its password", `url: ${"postgres"}://bank:h4rdToGu3ss@db.example.com/bank`],
];

test.each(PLANTED)("[S23] [S74a] %s that is planted is found", async (_, text) => {
  expect(await secretsIn("planted.txt", text)).toHaveLength(1);
});

test("[S23] [S74a] no file of the repository has a secret in it", {
  timeout: LONG_MS,
}, async () => {
  const found: string[] = [];
  for (const { path, text } of sources("")) found.push(...(await secretsIn(path, text)));
  expect(found).toEqual([]);
});

/** An address at a host that cannot be, which a test once had whole. */
const FIXTURE = '+const FAR = "postgres://bank:';

function isFixture(line: string): boolean {
  return line.startsWith(FIXTURE) && line.endsWith('@db.bank.example:5432/postgres";');
}

test("[S23] [S74a] nor had any that ever was", { timeout: LONG_MS }, async () => {
  const args = ["log", "-p", "--no-color", "--unified=0"];
  const history = execFileSync("git", args, {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: HISTORY_MAX,
  });
  const added = history.split("\n").filter((line) => line.startsWith("+") && !isFixture(line));
  expect(added.length).toBeGreaterThan(1_000);
  expect(await secretsIn("history", added.map((line) => line.slice(1)).join("\n"))).toEqual([]);
});
