import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceProcess, spawnService } from "@countinghouse/testing";
import type pg from "pg";
import { type Caller, callerOf, commandEnv, openGround } from "./command-service.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** Command services on one log, each a process that can be killed or paused. */
export interface CommandProcesses {
  readonly owner: pg.Pool;
  readonly processes: ServiceProcess[];
  as(...roles: Parameters<typeof callerOf>[1]): Caller;
  /** Kills one, as a power cut would, and starts another in its place. */
  replace(index: number): Promise<void>;
  close(): Promise<void>;
}

export async function openProcesses(count: number): Promise<CommandProcesses> {
  const ground = await openGround();
  const env = {
    ...commandEnv(ground),
    NODE_COMPILE_CACHE: join(tmpdir(), "countinghouse-compiled"),
  };
  const spawn = () => spawnService(MAIN, env);
  const processes = await Promise.all(Array.from({ length: count }, spawn));
  return {
    ...{ owner: ground.owner, processes },
    as: (...roles) => callerOf(processes, roles),
    async replace(index) {
      await processes[index]?.kill();
      processes[index] = await spawn();
    },
    async close() {
      for (const each of processes) await each.kill();
      await ground.close();
    },
  };
}
