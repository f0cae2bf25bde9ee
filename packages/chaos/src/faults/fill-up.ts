import { setTimeout as delay } from "node:timers/promises";
import type { SmallDisk } from "../system/disk.ts";
import type { Mend } from "./fault.ts";

const REFILL_MS = 250;

/** Takes all room of a disk, again and again, until it is given back. */
export function fillUp(disk: SmallDisk | undefined): Mend {
  const over = new AbortController();
  const { signal } = over;
  const filling = (async () => {
    while (!signal.aborted) {
      disk?.fill();
      await delay(REFILL_MS, undefined, { signal }).catch(() => undefined);
    }
  })();
  return async () => {
    over.abort();
    await filling;
    disk?.empty();
  };
}
