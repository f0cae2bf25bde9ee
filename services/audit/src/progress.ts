import type { Logger, Metrics } from "@countinghouse/service-kit";
import type { Bell } from "./bell.ts";
import type { ComparingDeps } from "./sealing/comparing.ts";
import type { SealingObserver } from "./sealing/sealer.ts";

/** How the sealing goes on, as metrics; and the alarms. */
export interface Progress extends SealingObserver {
  /** The log has `missing` events fewer than were sealed of it. */
  length(ledger: number, missing: number): void;
  /** An event of the log is not the one that was sealed. */
  readonly differs: ComparingDeps["observer"]["differs"];
  readonly compared: ComparingDeps["observer"]["compared"];
}

/** `bell` rings whenever there is a new checkpoint. */
export function createProgress(metrics: Metrics, logger: Logger, bell: Bell): Progress {
  const events = metrics.counter("audit_sealed_events_total", "Events sealed", ["ledger"]);
  const seconds = metrics.seconds("audit_seal_seconds", "Time to seal and store events");
  const delay = metrics.seconds("audit_delay_seconds", "From recording to being published");
  const size = metrics.gauge("audit_published_size", "Size of the newest checkpoint", ["ledger"]);
  const refusals = metrics.gauge("audit_refused", "1: sealed no further", ["ledger", "code"]);
  const missing = metrics.gauge("audit_log_missing_events", "Sealed, not in the log", ["ledger"]);
  const changed = metrics.counter("audit_log_differs_total", "Events found changed", ["ledger"]);
  const compared = metrics.counter("audit_compared_events_total", "Held against the log", [
    "ledger",
  ]);
  const short = new Set<number>();
  return {
    sealed(ledger, count, took) {
      events.inc({ ledger: String(ledger) }, count);
      seconds.observe(took);
    },
    published(ledger, published, recordedAtMs) {
      size.set({ ledger: String(ledger) }, published);
      delay.observe(Math.max(0, Date.now() - recordedAtMs) / 1_000);
      bell.ring();
    },
    refused(ledger, { code }) {
      refusals.set({ ledger: String(ledger), code }, 1);
    },
    length(ledger, count) {
      missing.set({ ledger: String(ledger) }, count);
      if (count > 0 && !short.has(ledger)) {
        logger.error({ ledger, missing: count }, "ALARM: the log is shorter than what was sealed");
      }
      if (count > 0) short.add(ledger);
      else short.delete(ledger);
    },
    compared: (ledger, count) => compared.inc({ ledger: String(ledger) }, count),
    differs(ledger, position) {
      changed.inc({ ledger: String(ledger) });
      logger.error(
        { ledger, position },
        "ALARM: an event of the log is not the one that was sealed",
      );
    },
  };
}
