import { once } from "node:events";
import type { Command } from "commander";
import { readSettings } from "../settings.ts";
import { type Started, type StartOptions, start } from "../start/start.ts";

/** How long everything has to end before this process ends regardless. */
const STOP_TIMEOUT_MS = 9_700;

/** `countinghouse start [--processes]` */
export function addStart(program: Command): void {
  program
    .command("start")
    .description("start the whole system on this machine")
    .option("--processes", "each service as a process of its own", false)
    .action(async ({ processes }: { processes: boolean }) => {
      const settings = readSettings(process.env);
      const signal = toldToStop();
      const options = { settings, asProcesses: processes, out: process.stdout, signal };
      const started = await startUnlessTold(options);
      if (started === undefined) process.exit(0);
      if (!signal.aborted) await once(signal, "abort");
      if (process.stdout.isTTY) process.stdout.write("\nStopping …\n");
      await started.stop();
      process.exit(0);
    });
}

/**
 * Aborts at the first signal to end, or when who started us has gone; more of them change nothing.
 */
function toldToStop(): AbortSignal {
  const stopping = new AbortController();
  const tell = () => {
    if (stopping.signal.aborted) return;
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    stopping.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, tell);
  process.once("disconnect", tell);
  return stopping.signal;
}

/** Undefined when we were told to stop before everything ran; what did run has ended then. */
async function startUnlessTold(options: StartOptions): Promise<Started | undefined> {
  try {
    return await start(options);
  } catch (error) {
    if (options.signal.aborted) return undefined;
    throw error;
  }
}
