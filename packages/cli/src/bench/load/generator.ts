import { fork } from "node:child_process";
import { join } from "node:path";
import type { FromGenerator, LoadPlan, LoadResult } from "./plan.ts";

/** Told when the measured time of a load begins and ends. */
export interface OnLoad {
  measuring(): void;
  measured(): void;
}

/** The load generator: runs one load at a time, in a process of its own. */
export interface Generator {
  /** Throws when the generator's process ends before the load does. */
  run(plan: LoadPlan, on: OnLoad): Promise<LoadResult>;
  stop(): void;
}

export function startGenerator(): Generator {
  const child = fork(join(import.meta.dirname, "main.ts"), { execArgv: [] });
  return {
    run(plan, on) {
      return new Promise((resolve, reject) => {
        const failed = () => reject(new Error("the load generator has ended"));
        const listen = (message: FromGenerator) => {
          if (message.kind !== "done") return on[message.kind]();
          child.off("message", listen).off("exit", failed);
          resolve(message.result);
        };
        child.on("message", listen).on("exit", failed);
        child.send(plan);
      });
    },
    stop: () => void child.disconnect(),
  };
}
