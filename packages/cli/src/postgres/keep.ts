import { setTimeout as delay } from "node:timers/promises";
import { type EmbeddedPostgres, startPostgres } from "./server.ts";

const [BACKOFF_FIRST_MS, BACKOFF_MOST_MS] = [200, 10_000];

/** A PostgreSQL of our own that is started again when it ends without being told to. */
export interface KeptPostgres {
  /** As its superuser, to the database `postgres`; the same after every start. */
  readonly url: string;
  /** Of the process that runs now. */
  pid(): number;
  stop(): Promise<void>;
}

/** As `startPostgres`; `say` is told when it has ended by itself. Throws a CliError. */
export async function keepPostgres(
  folder: string,
  password: string,
  logFile: string,
  say: (line: string) => void,
): Promise<KeptPostgres> {
  let server: EmbeddedPostgres = await startPostgres(folder, password, logFile);
  const stopping = new AbortController();
  const { signal } = stopping;
  const { url, port } = server;

  async function again(): Promise<EmbeddedPostgres | undefined> {
    for (let pauseMs = BACKOFF_FIRST_MS; !signal.aborted; ) {
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, BACKOFF_MOST_MS);
      if (signal.aborted) return undefined;
      try {
        return await startPostgres(folder, password, logFile, port);
      } catch (error) {
        say((error as Error).message);
      }
    }
    return undefined;
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      const how = await server.ended;
      // What of it is still held is let go of: its end is no reason for ours any more.
      await server.stop();
      if (signal.aborted) return;
      say(`PostgreSQL ended (${how}); it starts again`);
      server = (await again()) ?? server;
    }
  }

  const keeping = keep();
  return {
    url,
    pid: () => server.pid,
    async stop() {
      stopping.abort();
      await server.stop();
      await keeping;
      await server.stop();
    },
  };
}
