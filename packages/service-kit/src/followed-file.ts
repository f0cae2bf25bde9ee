import { readFileSync, watchFile } from "node:fs";

/** How often a file is looked at. */
const LOOK_EVERY_MS = 1_000;

/**
 * Hands the text of a file over each time that it has changed, within a second or two. What
 * `take` throws at leaves in use what was in use before. It is followed while the process runs.
 */
export function followFile(file: string | undefined, take: (text: string) => void): void {
  if (file === undefined) return;
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, () => {
    try {
      take(readFileSync(file, "utf8").trimEnd());
    } catch {
      // Half written, or none of ours: the next look may find it whole.
    }
  });
}
