import { type ChildProcess, fork } from "node:child_process";

/** A service in a process of its own, to be killed. */
export interface ServiceProcess {
  readonly pid: number;
  readonly url: string;
  readonly internalUrl: string;
  /** Nothing of it runs until `resume`; then it goes on as if nothing had been. */
  pause(): void;
  resume(): void;
  /** As a power cut would. */
  kill(): Promise<void>;
  /** SIGTERM; gives the exit code. */
  end(): Promise<number | null>;
}

/** Starts the `main.ts` at this path on nothing but these settings; gives it when it listens. */
export async function spawnService(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  execArgv: readonly string[] = [],
): Promise<ServiceProcess> {
  const child = fork(path, {
    env: { PATH: process.env.PATH, ...env },
    execArgv: [...execArgv],
    stdio: "inherit",
  });
  const { promise, resolve, reject } = Promise.withResolvers<{
    url: string;
    internalUrl: string;
  }>();
  child.once("message", ({ ready }: { ready: { url: string; internalUrl: string } }) => {
    resolve(ready);
  });
  child.once("exit", (code) => reject(new Error(`${path} ended with ${code}`)));
  const end = (signal: NodeJS.Signals) => ended(child, signal);
  return {
    ...(await promise),
    pid: child.pid ?? 0,
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    kill: async () => void (await end("SIGKILL")),
    end: () => end("SIGTERM"),
  };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill(signal);
  return exit;
}
