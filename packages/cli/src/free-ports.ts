import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below the ports that systems give to outgoing connections, one of which would soon have ours. */
const [LOWEST, HIGHEST] = [10_000, 32_000];
const TRIES_MAX = 1_000;

/** So many ports of 127.0.0.1 that nobody uses now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  for (let tries = 0; held.size < count && tries < TRIES_MAX; tries += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    const server = await listenOn("127.0.0.1", port).catch(() => undefined);
    if (server !== undefined) held.set(port, server);
  }
  for (const server of held.values()) await closed(server);
  if (held.size < count) throw new Error("there are no free ports");
  return [...held.keys()];
}

/** Whether a server can listen there; the code of the error when not. */
export async function refusalToListen(host: string, port: number): Promise<string | undefined> {
  try {
    await closed(await listenOn(host, port));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}

async function listenOn(host: string, port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

function closed(server: Server): Promise<unknown> {
  return new Promise((done) => server.close(done));
}
