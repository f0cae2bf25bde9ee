import type { Command } from "commander";
import { readSettings } from "../settings.ts";
import { start } from "../start/start.ts";

/** How long everything has to end before the process ends regardless. */
const STOP_TIMEOUT_MS = 9_500;

/** `countinghouse start [--processes]` */
export function addStart(program: Command): void {
  program
    .command("start")
    .description("start the whole system on this machine")
    .option("--processes", "each service as a process of its own", false)
    .action(async ({ processes }: { processes: boolean }) => {
      const settings = readSettings(process.env);
      const starting = start({ settings, asProcesses: processes, out: process.stdout });
      const stopping = once(async () => {
        setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
        await (await starting).stop();
        process.exit(0);
      });
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stopping);
      await starting;
    });
}

function once(work: () => Promise<void>): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work().catch((error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    });
  };
}
