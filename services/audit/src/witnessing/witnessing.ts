import type { Logger, Metrics } from "@countinghouse/service-kit";
import { type Checkpoint, type Hash, proveConsistency } from "@countinghouse/transparency";
import type { Bell } from "../bell.ts";
import type { TreeReader } from "../reading/tree-reader.ts";
import type { Ledgers } from "../sealing/ledgers.ts";
import type { Sealer } from "../sealing/sealer.ts";
import { addCheckpoint, WitnessError } from "./add-checkpoint.ts";
import type { Cosignatures } from "./cosignatures.ts";
import type { Witness } from "./witnesses.ts";

/** How long a ring that was missed can go unnoticed. */
const LOOK_EVERY_MS = 1_000;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 30_000];
/** The witness finds that the log does not go on from what it has signed. */
const INCONSISTENT = 422;

export interface WitnessingDeps {
  readonly witnesses: readonly Witness[];
  readonly cosignatures: Cosignatures;
  readonly ledgers: Pick<Ledgers, "all">;
  readonly reader: TreeReader;
  /** Rings whenever there is a new checkpoint. */
  readonly bell: Bell;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What asks witnesses to sign. */
export interface Witnessing {
  stop(): Promise<void>;
}

/**
 * Asks every witness, each by itself, to sign the newest checkpoint of every ledger. Nothing waits
 * for them: a checkpoint is given out without their signatures, and with each once it is there.
 */
export function startWitnessing(deps: WitnessingDeps): Witnessing {
  const stopping = new AbortController();
  const observer = observe(deps);
  const running = deps.witnesses.map((witness) => {
    return ask({ ...deps, observer, signal: stopping.signal }, witness);
  });
  return {
    async stop() {
      stopping.abort();
      deps.bell.ring();
      await Promise.all(running);
    },
  };
}

type Asking = WitnessingDeps & {
  readonly observer: ReturnType<typeof observe>;
  readonly signal: AbortSignal;
};

async function ask(deps: Asking, witness: Witness): Promise<void> {
  const { ledgers, bell, observer, signal } = deps;
  /** The size that the witness has signed last, as far as is known here. */
  const known = new Map<number, number>();
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    let isFailed = false;
    let signed = 0;
    for (const sealer of ledgers.all()) {
      try {
        if (await cosign(deps, witness, sealer, known)) signed += 1;
      } catch (error) {
        isFailed = true;
        observer.failed(sealer.ledger, witness, error);
      }
    }
    if (signal.aborted) return;
    if (isFailed) await bell.rung(pauseMs);
    else if (signed === 0) await bell.rung(LOOK_EVERY_MS);
    pauseMs = isFailed ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
  }
}

/** Whether a signature came that was not there. */
async function cosign(
  { cosignatures, reader, observer }: Asking,
  witness: Witness,
  sealer: Sealer,
  known: Map<number, number>,
): Promise<boolean> {
  const { ledger, published } = sealer;
  if (published === undefined || published.size === 0) return false;
  let old = known.get(ledger);
  if (old === undefined) {
    for (const line of await cosignatures.of(ledger, published.size)) {
      sealer.cosign(published.size, line);
    }
    old = await cosignatures.newest(ledger, witness.key);
    known.set(ledger, old);
  }
  if (old >= published.size) return false;
  const answer = await addCheckpoint(witness, old, await proofOf(reader, sealer, old), published);
  if ("size" in answer) {
    if (answer.size > published.size) {
      throw new WitnessError(INCONSISTENT, `it has signed a log of ${answer.size} events`);
    }
    if (answer.size === old) throw new WitnessError(0, `it gave the size ${old} that it was told`);
    known.set(ledger, answer.size);
    return true;
  }
  await cosignatures.add(ledger, published.size, witness.key, answer.line);
  known.set(ledger, published.size);
  sealer.cosign(published.size, answer.line);
  observer.signed(ledger, witness, published);
  return true;
}

function proofOf(reader: TreeReader, sealer: Sealer, old: number): Promise<Hash[]> {
  const { ledger, edge, published } = sealer;
  if (old === 0 || published === undefined) return Promise.resolve([]);
  const tree = reader.hashes({ ledger, edge }, published.size);
  return proveConsistency(tree, old, published.size);
}

function observe({ metrics, logger }: WitnessingDeps) {
  const labels = ["ledger", "witness"];
  const sizes = metrics.gauge("audit_witnessed_size", "Newest size that is cosigned", labels);
  const help = "Times a witness did not sign; status 0: no answer that can be used";
  const failures = metrics.counter("audit_witness_failures_total", help, [...labels, "status"]);
  return {
    signed(ledger: number, { key }: Witness, { size }: Checkpoint) {
      sizes.set({ ledger: String(ledger), witness: key.name }, size);
    },
    failed(ledger: number, { key }: Witness, err: unknown) {
      const status = err instanceof WitnessError ? err.status : 0;
      failures.inc({ ledger: String(ledger), witness: key.name, status: String(status) });
      const facts = { err, ledger, witness: key.name };
      if (status === INCONSISTENT) logger.error(facts, "ALARM: a witness finds another history");
      else logger.warn(facts, "a witness has not signed; asking again");
    },
  };
}
