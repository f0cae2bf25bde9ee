import { Presets, SingleBar } from "cli-progress";

/** One bar for a whole benchmark, with what is measured now beside it. */
export interface Progress {
  /** Begins the next of the steps. */
  start(title: string): void;
  /** How far the step is, from 0 to 1. */
  at(done: number): void;
  end(): void;
}

const WIDTH = 30;
const NO_TTY_MS = 10_000;

export function createProgress(out: NodeJS.WriteStream, steps: number): Progress {
  const bar = new SingleBar(
    {
      stream: out,
      format: "{bar} {percentage} % · {duration_formatted} · {title}",
      barsize: WIDTH,
      hideCursor: true,
      noTTYOutput: !out.isTTY,
      notTTYSchedule: NO_TTY_MS,
    },
    Presets.shades_grey,
  );
  bar.start(steps, 0, { title: "" });
  let begun = 0;
  return {
    start(title) {
      bar.update(begun, { title });
      begun += 1;
    },
    at: (done) => bar.update(begun - 1 + done),
    end: () => bar.stop(),
  };
}
