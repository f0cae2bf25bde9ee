// Fuzzes a bank of its own by its OpenAPI document. Schemathesis is on the path:
//   python3 -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install schemathesis==4.32.5
//   PATH=/tmp/fuzz/bin:$PATH node .ci/fuzz.ts
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROLES } from "../packages/contracts/src/index.ts";
import { openBank } from "../test/support/running-bank.ts";
import { newStaff, tokenOf } from "../test/support/staff.ts";

const MAX_EXAMPLES = process.env.FUZZ_EXAMPLES ?? "40";
const SEED = process.env.FUZZ_SEED ?? "7";
/**
 * Many a request fits its schema and is refused by a rule: a currency that is none, a cursor of
 * another list, a key that was used before.
 */
const NOT_SO = "positive_data_acceptance";
/** Its answer stays open. */
const OPEN = "streamTransactions";
/** They end the session or the rights that the others are tried with: they come last, alone. */
const LAST = ["logout", "revokeSession", "setRoles", "disableUser"];

async function main(): Promise<number> {
  const bank = await openBank();
  try {
    const person = await newStaff(bank, [...ROLES]);
    const token = () => tokenOf(bank.url, person);
    const first = await fuzz(
      bank.url,
      await token(),
      [OPEN, ...LAST].map((name) => `--exclude-operation-id=${name}`),
    );
    const last = await fuzz(
      bank.url,
      await token(),
      LAST.map((name) => `--include-operation-id=${name}`),
    );
    return first || last;
  } finally {
    await bank.close();
  }
}

async function fuzz(url: string, token: string, filters: readonly string[]): Promise<number> {
  const args = [
    ...[
      "--config-file",
      join(import.meta.dirname, "schemathesis.toml"),
      "run",
      `${url}/openapi.json`,
      ...filters,
    ],
    ...["--header", `Authorization: Bearer ${token}`, "--exclude-checks", NOT_SO, "--no-color"],
    ...["--max-examples", MAX_EXAMPLES, "--seed", SEED, "--workers", "2"],
    ...["--request-timeout", "10", "--continue-on-failure"],
  ];
  const env = { ...process.env, SCHEMATHESIS_HOOKS: join(import.meta.dirname, "fuzz_hooks.py") };
  // It leaves files where it runs.
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-fuzz-"));
  const child = spawn("schemathesis", args, { cwd: folder, env, stdio: "inherit" });
  const [code] = await once(child, "exit");
  rmSync(folder, { recursive: true });
  return code ?? 1;
}

process.exitCode = await main();
