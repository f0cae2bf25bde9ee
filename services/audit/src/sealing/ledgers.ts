import { subscribeLog } from "@countinghouse/bus";
import { type Logger, ProblemError, type ServiceClient } from "@countinghouse/service-kit";
import type { Sealer } from "./sealer.ts";

const RETRY_AFTER_SECONDS = 1;

/** The trees of all ledgers, each following its log. */
export interface Ledgers {
  /** Throws a 404 for a ledger that there is not, a 503 while nobody can tell yet. */
  find(ledger: number): Sealer;
  all(): readonly Sealer[];
  run(): void;
  stop(): Promise<void>;
}

export interface LedgersDeps {
  readonly relay: ServiceClient;
  readonly open: (ledger: number) => Promise<Sealer>;
  /** Told when a log has fewer events than were sealed of it, and when it has enough again. */
  readonly onLength: (ledger: number, missing: number) => void;
  readonly logger: Logger;
}

/** How many events the log has had: of a database that was set back, what was published counts. */
function knownOf({ edge, published }: Sealer): number {
  return Math.max(edge.size, published?.size ?? 0);
}

export function createLedgers({ relay, open, onLength, logger }: LedgersDeps): Ledgers {
  const opening = new Map<number, Promise<Sealer>>();
  const sealers = new Map<number, Sealer>();
  let areKnown = false;

  function ensure(ledger: number): Promise<Sealer> {
    let sealer = opening.get(ledger);
    if (sealer === undefined) {
      sealer = open(ledger);
      opening.set(ledger, sealer);
      sealer.then(
        (opened) => sealers.set(ledger, opened),
        () => opening.delete(ledger),
      );
    }
    return sealer;
  }

  async function listLedgers(): Promise<readonly { readonly ledger: number }[]> {
    const before = new Map([...sealers].map(([ledger, sealer]) => [ledger, knownOf(sealer)]));
    const answer = await relay.ask("listLedgers", {});
    const items = answer?.items ?? [];
    for (const { ledger, position } of items) {
      await ensure(ledger);
      onLength(ledger, Math.max(0, (before.get(ledger) ?? 0) - position));
    }
    areKnown = true;
    return items;
  }

  const ledgerOf = (source: string) => Number(source.replace("log:", ""));
  const subscription = subscribeLog({
    open: (query, signal) => relay.open("readLogInside", { query, signal }),
    listLedgers,
    store: {
      position: async (source) => BigInt((await ensure(ledgerOf(source))).followAfter),
    },
    onBatch: async ({ source, events }) => (await ensure(ledgerOf(source))).offer(events),
    logger,
  });

  return {
    find(ledger) {
      const sealer = sealers.get(ledger);
      if (sealer !== undefined) return sealer;
      if (areKnown) throw new ProblemError("not_found");
      throw new ProblemError("unavailable", { retryAfterSeconds: RETRY_AFTER_SECONDS });
    },
    all: () => [...sealers.values()],
    run: () => subscription.run(),
    async stop() {
      // First the sealers, so that no batch waits for room that nobody makes.
      await Promise.all([...sealers.values()].map((sealer) => sealer.stop()));
      await subscription.stop();
    },
  };
}
