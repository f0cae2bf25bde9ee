import cliProgress from "cli-progress";

/** How far something is, as a bar on a terminal, as a line now and then elsewhere. */
export interface Progress {
  at(done: number, total: number): void;
  stop(): void;
}

/** On standard error: what a command finds out goes to standard output. */
export function createProgress(what: string): Progress {
  const bar = new cliProgress.SingleBar({
    format: `${what} {bar} {percentage}% | {value} of {total} events | {perSecond} a second`,
    barsize: 30,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
    stream: process.stderr,
  });
  let isStarted = false;
  let [beganMs, first] = [0, 0];
  return {
    at(done, total) {
      if (!isStarted) {
        [beganMs, first, isStarted] = [performance.now(), done, true];
        bar.start(total, done, { perSecond: 0 });
      }
      const seconds = Math.max(0.001, (performance.now() - beganMs) / 1_000);
      bar.setTotal(total);
      bar.update(done, { perSecond: Math.round((done - first) / seconds) });
    },
    stop() {
      if (isStarted) bar.stop();
    },
  };
}
