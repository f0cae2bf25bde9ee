import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Findings } from "../checks/findings.ts";
import { foldLog } from "../checks/fold.ts";
import { readLedger } from "../checks/log.ts";
import { checkOrders, type Outcome } from "../checks/orders.ts";
import { differencesInReads } from "../checks/reads.ts";
import { differencesInTopic } from "../checks/topic.ts";
import { checkCheckpoints } from "../checks/tree.ts";
import { ask } from "../load/customer.ts";
import { TOPIC } from "../system/kafka.ts";
import type { BrokenBank } from "../system/open-system.ts";
import type { Session } from "./session.ts";

/** How long what follows the log may take to have all of it, once nothing is added. */
const CATCH_UP_MS = 30_000;
const POLL_MS = 500;
/** What a process may take at most, whatever happened to it. */
const [MEMORY_MAX_KB, DESCRIPTORS_MAX] = [700_000, 2_000];

/** Checks all that has to hold of a bank at rest; every order has been answered. */
export async function checkAll(session: Session, found: Findings): Promise<Outcome> {
  const { bank, load, watch } = session;
  const { strange, different, stale } = load.seen;
  const ledger = await readLedger(bank.postgres.adminUrl());
  const accounts = foldLog(ledger, found);
  const outcome = checkOrders(load.orders, ledger, found);
  const shown = new Map([...accounts].filter(([id]) => !bank.poisoned.has(id)));
  const inReads = () => differencesInReads(bank.postgres.adminUrl(), shown, bank.poisoned);
  found.addAll("read tables", await untilNone(inReads));
  const { kafka } = bank;
  if (kafka !== undefined) {
    const look = () => differencesInTopic(kafka.directBrokers, TOPIC, ledger.events, accounts);
    found.addAll("topic", await untilNone(look));
  }
  const key = await ask(bank.url, "GET", "/v1/audit/key", {});
  checkCheckpoints(watch.checkpoints, key?.text.trim() ?? "", ledger.events, found);
  found.addAll("own writes", stale.splice(0));
  found.addAll("same answers", different.splice(0));
  found.addAll("strange answers", strange.splice(0));
  found.addAll("sessions", watch.letIn.splice(0));
  found.addAll("bounded processes", grown(bank));
  return outcome;
}

async function untilNone(look: () => Promise<string[]>): Promise<string[]> {
  const until = Date.now() + CATCH_UP_MS;
  for (;;) {
    const found = await look().catch((error: Error) => [error.message]);
    if (found.length === 0 || Date.now() > until) return found;
    await delay(POLL_MS);
  }
}

function grown({ services }: BrokenBank): string[] {
  return services.names.flatMap((name) => {
    const pid = services.pidOf(name);
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const memoryKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
      const descriptors = readdirSync(`/proc/${pid}/fd`).length;
      return [
        ...(memoryKb > MEMORY_MAX_KB ? [`${name} takes ${memoryKb} kB`] : []),
        ...(descriptors > DESCRIPTORS_MAX ? [`${name} has ${descriptors} descriptors`] : []),
      ];
    } catch {
      return [`${name} does not run`];
    }
  });
}
