import type { Envelope } from "@countinghouse/contracts";
import { createBackoff } from "../backoff.ts";
import { deliver } from "../deliver.ts";
import { BrokenLogError } from "../errors.ts";
import type { LogSubscriptionOptions } from "../port.ts";
import { linesOf } from "./lines.ts";

/** Events of one batch at most; what has arrived while the last was handled is the next. */
const BATCH_MAX = 1_000;
/** Events that wait for the handler before nothing more is read. */
const WAITING_MAX = 2_000;
/** Sizes the reads of the relay. */
const READ_LIMIT = 1_000;

/** Follows one ledger until the signal is aborted; neither the network nor the handler ends it. */
export async function followLedger(
  ledger: number,
  options: LogSubscriptionOptions,
  signal: AbortSignal,
): Promise<void> {
  const { logger, store } = options;
  const source = `log:${ledger}`;
  const backoff = createBackoff();
  while (!signal.aborted) {
    const hangUp = new AbortController();
    try {
      let after = Number(await store.position(source));
      const query = { ledger, after, limit: READ_LIMIT, follow: true } as const;
      const response = await options.open(query, AbortSignal.any([signal, hangUp.signal]));
      for await (const events of batchesOf(response, after)) {
        after = events.at(-1)?.position ?? after;
        const batch = { source, events, unreadable: [], next: BigInt(after) };
        if (!(await deliver(batch, options.onBatch, signal, logger))) return;
        backoff.reset();
      }
      logger.info({ source, after }, "the relay ended the log; following on");
    } catch (err) {
      if (signal.aborted) return;
      logger.warn({ err, source }, "the log cannot be followed; trying again");
    } finally {
      hangUp.abort();
    }
    await backoff.wait(signal);
  }
}

/** What has arrived of an answer, and whether more will. */
interface Arrivals {
  readonly events: Envelope[];
  readonly bell: Bell;
  end?: { readonly failure?: unknown };
}

/**
 * What has arrived, whenever it is asked for; the answer is read on meanwhile. What arrived before
 * the answer broke comes first, then the failure.
 */
async function* batchesOf(response: Response, after: number): AsyncGenerator<Envelope[]> {
  const arrivals: Arrivals = { events: [], bell: createBell() };
  const end = (failure?: unknown) => {
    arrivals.end ??= { failure };
    arrivals.bell.ring();
  };
  readInto(arrivals, response, after).then(() => end(), end);
  for (;;) {
    const batch = arrivals.events.splice(0, BATCH_MAX);
    arrivals.bell.ring();
    if (batch.length > 0) {
      yield batch;
    } else if (arrivals.end === undefined) {
      await arrivals.bell.rung();
    } else if (arrivals.end.failure !== undefined) {
      throw arrivals.end.failure;
    } else {
      return;
    }
  }
}

/** Positions have no gap, so one that is left out is noticed here. */
async function readInto(arrivals: Arrivals, response: Response, after: number): Promise<void> {
  const { events, bell } = arrivals;
  let position = after;
  for await (const lines of linesOf(response)) {
    for (const event of lines.map(parse)) {
      position += 1;
      if (event.position !== position) {
        throw new BrokenLogError(`position ${event.position} came instead of ${position}`);
      }
      events.push(event);
    }
    bell.ring();
    while (events.length >= WAITING_MAX) await bell.rung();
  }
}

function parse(line: string): Envelope {
  try {
    return JSON.parse(line) as Envelope;
  } catch (cause) {
    throw new BrokenLogError("a line of the log is no JSON", { cause });
  }
}

interface Bell {
  ring(): void;
  rung(): Promise<void>;
}

/** Wakes whoever waits; a ring that nobody waits for is lost, so ask before waiting. */
function createBell(): Bell {
  let next = Promise.withResolvers<void>();
  return {
    ring() {
      next.resolve();
      next = Promise.withResolvers<void>();
    },
    rung: () => next.promise,
  };
}
