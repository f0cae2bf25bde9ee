import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { CliError, reasonOf } from "../cli-error.ts";
import { urlFor } from "../databases.ts";
import { findServer } from "../running.ts";
import { keyKeeper } from "../services.ts";
import { readSettings } from "../settings.ts";
import { authKeys, checkpointKey } from "../start/environment.ts";
import { tableOf } from "../start/steps.ts";

/** 384 bits: more than any key that is derived of it. */
const SECRET_BYTES = 48;
const OWNER_ONLY = 0o600;

/** `countinghouse keys generate`, `rotate`, `list` and `checkpoint` */
export function addKeys(program: Command): void {
  const keys = program.command("keys").description("the secret, and the keys of access tokens");
  keys
    .command("generate")
    .description("make a secret that is fit for SECRET_KEY")
    .option("--out <file>", "write it there, readable by you only, for SECRET_KEY_FILE")
    .action(({ out }: { out?: string }) => generate(out));
  keys
    .command("rotate")
    .description("sign access tokens with a new key; those of the old one stay good till they end")
    .option("--compromised", "refuse all tokens of the keys before from now on", false)
    .action(async ({ compromised }: { compromised: boolean }) => {
      const { rotateTokenKeys } = await keyKeeper();
      const kid = await rotateTokenKeys({ ...requestOf(), compromised });
      process.stdout.write(`${kid} signs from now on.\n`);
    });
  keys.command("list").description("the keys of access tokens, newest first").action(list);
  keys
    .command("checkpoint")
    .description("show the key of checkpoints; keep it as CHECKPOINT_KEY to change SECRET_KEY")
    .action(() => {
      const settings = readSettings(process.env);
      const { secretKey } = findServer(settings);
      process.stdout.write(`${checkpointKey(settings, secretKey)}\n`);
    });
}

function generate(out: string | undefined): void {
  const secret = `${randomBytes(SECRET_BYTES).toString("base64url")}\n`;
  if (out === undefined) {
    process.stdout.write(secret);
    return;
  }
  try {
    // Never over a secret that is there.
    writeFileSync(out, secret, { mode: OWNER_ONLY, flag: "wx" });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw new CliError(`${out} ${isThere ? "is there already" : reasonOf(cause)}.`, { cause });
  }
}

const STATES: Readonly<Record<string, string>> = {
  next: "known, not in use yet",
  signs: "signs",
  retired: "its tokens are good",
  over: "its tokens are over",
  revoked: "its tokens are refused",
};

async function list(): Promise<void> {
  const { listTokenKeys } = await keyKeeper();
  const rows = (await listTokenKeys(requestOf())).map((key): [string, string] => {
    const { kid, algorithm, state, madeAt, usedFrom, until } = key;
    const from = (usedFrom ?? madeAt).toISOString();
    const to = until === undefined ? "" : ` to ${until.toISOString()}`;
    return [kid, `${algorithm}, ${STATES[state] ?? state}\n${from}${to}`];
  });
  process.stdout.write(`${tableOf(rows)}\n`);
}

function requestOf() {
  const settings = readSettings(process.env);
  const server = findServer(settings);
  const databaseUrl = urlFor(server, "countinghouse_auth", "auth");
  return { databaseUrl, env: authKeys(settings, server.secretKey) };
}
