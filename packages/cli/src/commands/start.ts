import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import { CliError } from "../cli-error.ts";
import { type Instances, parseInstances } from "../instances.ts";
import { readSettings } from "../settings.ts";
import { type Started, type StartOptions, start } from "../start/start.ts";

/** How long everything has to end before this process ends regardless. */
const STOP_TIMEOUT_MS = 9_700;

/** `countinghouse start [--processes [--instances query=2,gateway=2]]` */
export function addStart(program: Command): void {
  program
    .command("start")
    .description("start the whole system on this machine")
    .option("--processes", "each service as a process of its own", false)
    .option("--instances <counts>", "several processes of a service: query=2,gateway=2", counts)
    .action(async ({ processes, instances }: { processes: boolean; instances?: Instances }) => {
      const settings = readSettings(process.env);
      if (instances !== undefined && !processes) {
        throw new CliError("Several instances need processes: add --processes.");
      }
      const signal = toldToStop();
      const options = {
        ...{ settings, asProcesses: processes, out: process.stdout, signal },
        ...(instances !== undefined && { instances }),
      };
      const started = await startUnlessTold(options);
      if (started === undefined) process.exit(0);
      if (!signal.aborted) await once(signal, "abort");
      if (process.stdout.isTTY) process.stdout.write("\nStopping …\n");
      await started.stop();
      process.exit(0);
    });
}

function counts(text: string): Instances {
  try {
    return parseInstances(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
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
