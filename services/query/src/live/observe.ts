import type { Metrics } from "@countinghouse/service-kit";
import type { LiveObserver } from "./hub.ts";

/** What the streams do, as metrics. */
export function observeLive(metrics: Metrics, streams: () => number): LiveObserver {
  const sent = metrics.counter("live_events_sent_total", "Transactions given to streams");
  const ended = metrics.counter("live_streams_ended_total", "Streams that ended", ["reason"]);
  const delay = metrics.seconds("live_delay_seconds", "From recording to being given to a stream");
  metrics.gauge("live_streams", "Streams that are open", [], (gauge) => gauge.set(streams()));
  return {
    sent({ recorded_at }) {
      sent.inc();
      delay.observe(Math.max(0, Date.now() - recorded_at.valueOf()) / 1000);
    },
    ended: (reason) => ended.inc({ reason }),
  };
}
