import type { Metrics } from "@countinghouse/service-kit";

/** A send that is not acknowledged within this time means that publishing has come to a halt. */
const OVERDUE_MS = 4_000;
/** One that is not acknowledged within this time keeps its partition from taking more. */
const STUCK_MS = 1_000;

/** What the publishing of this process comes to, for metrics and readiness. */
export interface Health {
  /** This process has the lease, or has it no more. */
  active(isActive: boolean): void;
  /** How to learn how many events are in memory. */
  queued(size: () => number): void;
  sending(partition: number): void;
  published(partition: number, events: number): void;
  /** A send was rejected. An event that is too large keeps its partition until somebody acts. */
  failed(partition: number, why: "too large" | "not acknowledged"): void;
  /** Partitions of which nothing has been acknowledged for a while though it was sent. */
  stuck(): ReadonlySet<number>;
  /** Whether events of some partition have waited too long for the brokers. */
  isOverdue(): boolean;
}

export function createHealth(metrics: Metrics): Health {
  const active = metrics.gauge("relay_publisher_active", "1 where this process has the lease");
  const events = metrics.counter(
    "relay_published_events_total",
    "Events that brokers acknowledged",
  );
  const failures = metrics.counter(
    "relay_publish_failures_total",
    "Sends that were not acknowledged",
  );
  const tooLarge = new Set<number>();
  metrics.gauge("relay_too_large_events", "Events larger than the topic takes", [], (gauge) => {
    gauge.set(tooLarge.size);
  });
  const since = new Map<number, number>();
  const waitingFor = (ms: number) => {
    const before = performance.now() - ms;
    return [...since].filter(([, at]) => at < before).map(([partition]) => partition);
  };
  let queued = () => 0;
  metrics.gauge("relay_queued_events", "Events in memory, not acknowledged", [], (gauge) => {
    gauge.set(queued());
  });
  active.set(0);
  return {
    active(isActive) {
      active.set(isActive ? 1 : 0);
      since.clear();
      tooLarge.clear();
      if (!isActive) queued = () => 0;
    },
    queued(size) {
      queued = size;
    },
    sending(partition) {
      if (!since.has(partition)) since.set(partition, performance.now());
    },
    published(partition, count) {
      since.delete(partition);
      tooLarge.delete(partition);
      events.inc(count);
    },
    failed(partition, why) {
      failures.inc();
      if (why === "too large") tooLarge.add(partition);
    },
    stuck: () => new Set(waitingFor(STUCK_MS)),
    isOverdue: () => waitingFor(OVERDUE_MS).length > 0,
  };
}
