import type { When } from "@countinghouse/domain";
import { dayIn } from "@countinghouse/service-kit";

const MINUTE_MS = 60_000;

/**
 * Gives the time and the bank's day for one command after another. A day begins with a minute in
 * every time zone, so its name is worked out once a minute.
 */
export function createClock(timeZone: string, now: () => number = Date.now): () => When {
  let [minute, day] = [-1, ""];
  return () => {
    const nowMs = now();
    const moment = new Date(nowMs);
    if (Math.floor(nowMs / MINUTE_MS) !== minute) {
      minute = Math.floor(nowMs / MINUTE_MS);
      day = dayIn(timeZone, moment);
    }
    return { now: moment.toISOString(), day };
  };
}
