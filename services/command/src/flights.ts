import type { AnswerKey, EventStore, InFlight } from "@countinghouse/event-store";
import { type Logger, ProblemError } from "@countinghouse/service-kit";

/** How long a command is under way before other processes hear of its key. */
const QUIET_MS = 200;
/** How often they hear more at most. */
const EVERY_MS = 100;
/** Of how many they hear at most, the oldest first. */
const ANNOUNCED_MAX = 250;
const RETRY_AFTER_SECONDS = 1;

/** The commands that are under way here, by their keys. */
export interface Flights {
  /**
   * Begins one, until `end` is called with what this gives. Throws a 409 when one with the same key
   * is under way here. When one is in another process, calls `refuse` with a 409 after a moment;
   * the command goes on all the same, for whoever asks again.
   */
  begin(key: AnswerKey, refuse: (error: ProblemError) => void): string;
  end(flight: string): void;
}

interface Flight {
  readonly of: AnswerKey;
  readonly since: number;
  readonly refuse: (error: ProblemError) => void;
}

/**
 * A command takes milliseconds, and meanwhile a repeat at another process just waits and has its
 * answer. Only one that is held up is worth telling others: see docs/adr/0009-keys-in-flight.md.
 */
export function createFlights({ announce }: Pick<EventStore, "announce">, logger: Logger): Flights {
  const flights = new Map<string, Flight>();
  let [timer, isSilent]: [NodeJS.Timeout | undefined, boolean] = [undefined, true];

  function wait(): void {
    const [oldest] = flights.values();
    if (oldest === undefined && isSilent) return;
    const untilDue = isSilent && oldest ? oldest.since + QUIET_MS - performance.now() : EVERY_MS;
    timer = setTimeout(look, Math.max(0, Math.ceil(untilDue)));
    timer.unref();
  }

  async function look(): Promise<void> {
    const overdue = heldUp(flights.values());
    try {
      if (overdue.length > 0 || !isSilent) {
        for (const taken of await announce(overdue)) flights.get(nameOf(taken))?.refuse(inFlight());
      }
      isSilent = overdue.length === 0;
    } catch (err) {
      // Then whoever repeats a command elsewhere waits for it.
      logger.debug({ err }, "keys under way could not be announced");
      isSilent = false;
    }
    timer = undefined;
    wait();
  }

  return {
    begin(of, refuse) {
      const name = nameOf(of);
      if (flights.has(name)) throw inFlight();
      flights.set(name, { of, since: performance.now(), refuse });
      if (timer === undefined) wait();
      return name;
    },
    end: (name) => void flights.delete(name),
  };
}

/** Those that are under way for longer than usual, the oldest first. */
function heldUp(flights: Iterable<Flight>): InFlight[] {
  const found: InFlight[] = [];
  const now = performance.now();
  for (const { of, since } of flights) {
    const ageMs = now - since;
    if (ageMs < QUIET_MS || found.length === ANNOUNCED_MAX) break;
    found.push({ scope: of.scope, key: of.key, ageMs });
  }
  return found;
}

function inFlight(): ProblemError {
  return new ProblemError("idempotency_key_in_flight", { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function nameOf({ scope, key }: AnswerKey): string {
  return `${scope} ${key}`;
}
