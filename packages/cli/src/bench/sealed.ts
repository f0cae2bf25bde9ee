import { setTimeout as delay } from "node:timers/promises";
import { createInnerSigner, deriveKey } from "@countinghouse/service-kit";
import { parseCheckpoint } from "@countinghouse/transparency";
import pg from "pg";
import { CliError } from "../cli-error.ts";

const POLL_MS = 50;
const PATIENCE_MS = 120_000;
const NOBODY = "00000000-0000-4000-8000-000000000000";

/** Returns once everything that is in the log now is sealed. Throws a CliError. */
export async function untilSealed(
  ledgerUrl: string,
  auditUrl: string,
  secretKey: string,
): Promise<void> {
  const head = await headOf(ledgerUrl);
  const seed = deriveKey(secretKey, "inner:gateway").toString("base64url");
  const signer = createInnerSigner("gateway", seed);
  const untilMs = Date.now() + PATIENCE_MS;
  while (Date.now() < untilMs) {
    const user = { userId: NOBODY, sessionId: NOBODY, roles: [] };
    const headers = { authorization: `Bearer ${signer.forUser("audit", user)}` };
    const response = await fetch(`${auditUrl}/v1/audit/checkpoint`, { headers });
    if (response.ok && parseCheckpoint(await response.text()).size >= head) return;
    await delay(POLL_MS);
  }
  throw new CliError(`The audit has not sealed ${head} events within ${PATIENCE_MS / 1_000} s.`);
}

async function headOf(ledgerUrl: string): Promise<number> {
  const client = new pg.Client(ledgerUrl);
  await client.connect();
  try {
    const { rows } = await client.query("SELECT position FROM ledger.log_head WHERE ledger_id = 1");
    return Number(rows[0]?.position ?? 0);
  } finally {
    await client.end();
  }
}
