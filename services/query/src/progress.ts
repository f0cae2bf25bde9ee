import type { Metrics } from "@countinghouse/service-kit";
import type { Reached } from "./consistency/waiting-room.ts";
import { logSourceOf } from "./log-source.ts";
import type { ProjectorObserver } from "./projector/report.ts";
import type { Database } from "./tables.ts";

/** The ledgers and their last positions, as the log tells them. */
export type Heads = readonly { readonly ledger: number; readonly position: number }[];

/** How far the projections are, told to those who wait for it and shown as metrics. */
export interface Progress extends ProjectorObserver {
  seen(heads: Heads): void;
}

interface Followed {
  readonly next: number;
  readonly recordedAtMs: number | undefined;
}

export function createProgress(
  metrics: Metrics,
  db: Database,
  announce: (versions: Reached) => void,
): Progress {
  const heads = new Map<string, number>();
  const followed = new Map<string, Followed>();
  const repeats = metrics.counter("projection_repeated_events_total", "Events that came again");
  const parkings = metrics.counter("projection_parkings_total", "Times an account was parked");
  const delay = metrics.seconds("projection_delay_seconds", "From recording to being readable");
  const behind = (source: string) => {
    return Math.max(0, (heads.get(source) ?? 0) - (followed.get(source)?.next ?? 0));
  };
  metrics.gauge("projection_lag_events", "Events not applied yet", ["source"], (gauge) => {
    for (const source of heads.keys()) gauge.set({ source }, behind(source));
  });
  metrics.gauge("projection_lag_seconds", "Age of what is applied", ["source"], (gauge) => {
    for (const [source, { recordedAtMs }] of followed) {
      if (recordedAtMs === undefined || !heads.has(source)) continue;
      gauge.set({ source }, behind(source) === 0 ? 0 : (Date.now() - recordedAtMs) / 1000);
    }
  });
  metrics.gauge("parked_accounts", "Accounts whose next event cannot be applied", [], (gauge) => {
    return countParked(db).then((count) => gauge.set(count));
  });
  return {
    applied: announce,
    followed({ source, next }, recordedAt) {
      const recordedAtMs = recordedAt === undefined ? undefined : Date.parse(recordedAt);
      const before = followed.get(source);
      if (recordedAtMs !== undefined) delay.observe((Date.now() - recordedAtMs) / 1000);
      followed.set(source, {
        next: Number(next),
        recordedAtMs: recordedAtMs ?? before?.recordedAtMs,
      });
    },
    parked: (accounts) => parkings.inc(accounts),
    repeated: (events) => repeats.inc(events),
    seen(items) {
      for (const { ledger, position } of items) heads.set(logSourceOf(ledger), position);
    },
  };
}

async function countParked(db: Database): Promise<number> {
  const { count } = await db
    .selectFrom("parked_accounts")
    .select((eb) => eb.fn.countAll<string>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}
