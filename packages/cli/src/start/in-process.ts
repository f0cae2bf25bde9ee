import type { Env, RunningService } from "@countinghouse/service-kit";
import { SERVICE_NAMES, type Service, starterOf } from "../services.ts";

/** Services that run, however they do; `stop` ends them, the gateway first. */
export interface System {
  readonly gatewayUrl: string;
  stop(): Promise<void>;
}

/** Runs all services in this process, each on a port of its own. */
export async function startInProcess(
  environments: Readonly<Record<Service, Env>>,
): Promise<System> {
  const running: RunningService[] = [];
  const stop = async () => {
    for (const service of running.toReversed()) await service.close();
  };
  const starters = await Promise.all(SERVICE_NAMES.map((name) => starterOf(name)));
  try {
    for (const [i, name] of SERVICE_NAMES.entries()) {
      const start = starters[i];
      if (start !== undefined) running.push(await start(environments[name]));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { gatewayUrl: running.at(-1)?.url ?? "", stop };
}
