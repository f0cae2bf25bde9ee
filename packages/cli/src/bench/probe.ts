import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createInnerSigner, deriveKey } from "@countinghouse/service-kit";
import { CliError } from "../cli-error.ts";
import { type Doors, openAccount } from "./world.ts";

/** Probes a second while it is measured, each of an account of its own in turn. */
const [EVERY_MS, ACCOUNTS] = [20, 50];
const RETRY_MS = 5;
/** How long the read tables may take to catch up. */
const CATCH_UP_MS = 300_000;
/** They are level when a probe is shown this soon. */
const LEVEL_MS = 200;

/** Looks how soon what was acknowledged is shown by the query service. */
export interface Probe {
  /** From an acknowledgement to the answer of a query with its token, in milliseconds. */
  once(): Promise<number>;
  /** Probes at a steady rate from here on. */
  begin(): void;
  /** Begins no more probes. */
  end(): void;
  /** What the probes found, once the last of them is done. */
  lags(): Promise<number[]>;
}

/**
 * Makes small deposits straight at the command service and asks the query service for them: what
 * it takes includes that query, so the rows themselves are there a little sooner.
 */
export async function createProbe(doors: Doors & { readonly queryUrl: string }): Promise<Probe> {
  const { commandUrl, queryUrl, secretKey } = doors;
  const seed = deriveKey(secretKey, "inner:gateway").toString("base64url");
  const signer = createInnerSigner("gateway", seed);
  const [userId, sessionId] = [randomUUID(), randomUUID()];
  const headersFor = (service: "command" | "query") => {
    const token = signer.forUser(service, { userId, sessionId, roles: ["customer"] });
    return { authorization: `Bearer ${token}`, "content-type": "application/json" };
  };
  const token = signer.forUser("command", { userId, sessionId, roles: ["customer"] });
  const accounts = await Promise.all(
    Array.from({ length: ACCOUNTS }, () => openAccount(commandUrl, token)),
  );
  const body = JSON.stringify({ amount: { value: "0.01", currency: "EUR" } });
  let turn = 0;

  async function once(): Promise<number> {
    turn += 1;
    const path = `/v1/accounts/${accounts[turn % ACCOUNTS]}`;
    const command = { ...headersFor("command"), "idempotency-key": randomUUID() };
    const init = { method: "POST", headers: command, body };
    const deposited = await fetch(`${commandUrl}${path}/deposits`, init);
    const acknowledgedAt = performance.now();
    if (deposited.status !== 201) throw new Error(`a deposit answered ${deposited.status}`);
    const headers = {
      ...headersFor("query"),
      "consistency-token": deposited.headers.get("consistency-token") ?? "",
    };
    await deposited.body?.cancel();
    for (;;) {
      const answer = await fetch(queryUrl + path, { headers });
      const lagMs = performance.now() - acknowledgedAt;
      await answer.body?.cancel();
      if (answer.status === 200) return lagMs;
      if (answer.status !== 503) throw new Error(`a query answered ${answer.status}`);
      await delay(RETRY_MS);
    }
  }

  const begun: Promise<number>[] = [];
  let timer: NodeJS.Timeout | undefined;
  return {
    once,
    begin() {
      timer = setInterval(() => {
        const one = once();
        one.catch(() => undefined);
        begun.push(one);
      }, EVERY_MS);
    },
    end: () => clearInterval(timer),
    lags: () => Promise.all(begun),
  };
}

/** Returns once the read tables have all that is in the log. Throws a CliError. */
export async function untilLevel(probe: Pick<Probe, "once">): Promise<void> {
  const until = performance.now() + CATCH_UP_MS;
  while ((await probe.once()) > LEVEL_MS) {
    if (performance.now() > until) throw new CliError("The read tables do not catch up.");
  }
}
