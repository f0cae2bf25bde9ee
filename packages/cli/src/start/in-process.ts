import { setTimeout as delay } from "node:timers/promises";
import { ConfigError, type Env, type RunningService } from "@countinghouse/service-kit";
import { CliError } from "../cli-error.ts";
import type { InstanceName } from "../instances.ts";
import { SERVICE_NAMES, type Service, starterOf } from "../services.ts";
import { createTeardown } from "./teardown.ts";

/** How long all services together may take to end; what still hangs ends with the process. */
export const SERVICES_STOP_MS = 5_500;

/** Services that run, however they do; `stop` ends them, the gateway first. */
export interface System {
  readonly gatewayUrl: string;
  readonly urls: Readonly<Partial<Record<InstanceName, string>>>;
  /** The process that a service runs in now. */
  pidOf(name: InstanceName): number | undefined;
  stop(): Promise<void>;
}

/** Runs all services in this process, each on a port of its own. Throws a CliError. */
export async function startInProcess(
  environments: Readonly<Record<Service, Env>>,
  logFile: string,
): Promise<System> {
  const running: RunningService[] = [];
  const teardown = createTeardown();
  const stop = async () => {
    await Promise.race([teardown.run(), delay(SERVICES_STOP_MS, undefined, { ref: false })]);
  };
  const starters = await Promise.all(SERVICE_NAMES.map((name) => starterOf(name)));
  for (const [i, name] of SERVICE_NAMES.entries()) {
    const service = await starters[i]?.(environments[name]).catch(async (cause: unknown) => {
      await stop();
      throw failure(name, cause, logFile);
    });
    if (service === undefined) continue;
    teardown.add(() => service.close());
    running.push(service);
  }
  const urls = Object.fromEntries(running.map(({ name, url }) => [name, url]));
  return { gatewayUrl: running.at(-1)?.url ?? "", urls, pidOf: () => process.pid, stop };
}

function failure(name: Service, cause: unknown, logFile: string): Error {
  if (cause instanceof ConfigError) return cause;
  const { message } = cause as Error;
  return new CliError(`${name} could not start: ${message} (see ${logFile})`, { cause });
}
