import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const MAIN = resolve(import.meta.dirname, "../src/main.ts");
const folder = mkdtempSync(join(tmpdir(), "countinghouse-environment-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the gateway in a process of its own, and gives what is left of its environment. */
async function environmentAfterStart(env: Record<string, string>): Promise<string> {
  const url = "http://127.0.0.1:1";
  const urls = ["AUTH", "COMMAND", "QUERY", "RELAY", "AUDIT"].map((name) => [`${name}_URL`, url]);
  const script = `
    const { start } = await import(${JSON.stringify(MAIN)});
    const service = await start(process.env);
    process.stdout.write(JSON.stringify(process.env));
    await service.close();
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script],
    {
      env: {
        ...{ PATH: process.env.PATH, ENVIRONMENT: "test", LOG_LEVEL: "silent" },
        ...{ INNER_PUBLIC_KEYS: "{}", ...Object.fromEntries(urls), ...env },
      },
    },
  );
  return stdout;
}

test("[S22] once it has started no secret is in the environment of a process", async () => {
  const [key, password] = [randomBytes(32).toString("base64url"), randomBytes(9).toString("hex")];
  const left = await environmentAfterStart({
    INNER_PRIVATE_KEY: key,
    REDIS_URL: `redis://:${password}@127.0.0.1:1`,
  });
  expect(JSON.parse(left)).toMatchObject({ ENVIRONMENT: "test" });
  expect(left).not.toContain(key);
  expect(left).not.toContain(password);
});

test("[S22] a secret from a file is in the environment at no time", async () => {
  const file = join(folder, "key");
  const key = randomBytes(32).toString("base64url");
  writeFileSync(file, `${key}\n`);
  const left = await environmentAfterStart({ INNER_PRIVATE_KEY_FILE: file });
  expect(JSON.parse(left)).toMatchObject({ INNER_PRIVATE_KEY_FILE: file });
  expect(left).not.toContain(key);
});
