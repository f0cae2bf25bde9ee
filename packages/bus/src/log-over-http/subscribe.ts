import { setTimeout as pause } from "node:timers/promises";
import { createBackoff } from "../backoff.ts";
import type { EventSubscription, LogSubscriptionOptions } from "../port.ts";
import { followLedger } from "./follow-ledger.ts";

/** How long a new ledger may go unnoticed. */
const LEDGERS_EVERY_MS = 5_000;

/** Follows every ledger through the relay, each as a source `log:<ledger>` of its own. */
export function subscribeLog(options: LogSubscriptionOptions): EventSubscription {
  const stopping = new AbortController();
  const { signal } = stopping;
  const ledgers = new Map<number, Promise<void>>();
  let watching: Promise<void> | undefined;

  async function watchLedgers(): Promise<void> {
    const backoff = createBackoff();
    while (!signal.aborted) {
      try {
        for (const { ledger } of await options.listLedgers()) {
          if (signal.aborted) return;
          if (!ledgers.has(ledger)) ledgers.set(ledger, followLedger(ledger, options, signal));
        }
        backoff.reset();
        await pause(LEDGERS_EVERY_MS, undefined, { signal }).catch(() => undefined);
      } catch (err) {
        if (signal.aborted) return;
        options.logger.warn({ err }, "the ledgers cannot be listed; trying again");
        await backoff.wait(signal);
      }
    }
  }

  return {
    run() {
      if (watching !== undefined) throw new Error("a subscription runs once");
      watching = watchLedgers();
    },
    async stop() {
      stopping.abort();
      await watching;
      await Promise.all(ledgers.values());
    },
  };
}
