// The query service's app on read tables that nobody writes, a process of its own; and its floor.
import type { AddressInfo } from "node:net";
import {
  createConsistencyTokens,
  createCursors,
  createInnerVerifier,
  createLogger,
  createMetrics,
} from "@countinghouse/service-kit";
import { buildApp } from "../src/app.ts";
import { createWaitingRoom } from "../src/consistency/waiting-room.ts";
import { createLiveHub } from "../src/live/hub.ts";
import {
  createLook,
  createReadAs,
  createReadNext,
  createReadPool,
  type ReadAs,
} from "../src/reader.ts";
import { createPrinter } from "../src/statements/pdf/printer.ts";

/** What the process is started with. */
export interface ReadsAppEnv {
  readonly READER_URL: string;
  readonly INNER_PUBLIC_KEYS: string;
}

const KEY = Buffer.alloc(32, 1);

async function main({ READER_URL, INNER_PUBLIC_KEYS }: ReadsAppEnv): Promise<void> {
  const logger = createLogger("bench", { LOG_LEVEL: "silent" });
  const readAs = createReadAs(createReadPool(READER_URL, logger));
  let kept: Promise<unknown> | undefined;
  // The first answer again and again, without the database: no app can be faster.
  const floor: ReadAs = (scope, work) => {
    kept ??= readAs(scope, work);
    return kept as ReturnType<typeof work>;
  };
  const open = async (read: ReadAs) => {
    const app = buildApp({
      ...{ readAs: read, logger, metrics: createMetrics("bench"), readiness: [] },
      ...{ timeZone: "UTC", log: { readStream: async () => [] }, printer: createPrinter() },
      tokens: createConsistencyTokens(KEY),
      resolveRanges: async () => [],
      waitingRoom: createWaitingRoom(createLook(readAs)),
      cursors: createCursors(KEY),
      live: createLiveHub({
        ...{ read: createReadNext(readAs), logger },
        observer: { sent: () => undefined, ended: () => undefined },
      }),
      now: () => new Date(),
      latestProposals: async () => [],
      verify: createInnerVerifier("query", INNER_PUBLIC_KEYS),
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    return (app.server.address() as AddressInfo).port;
  };
  process.once("disconnect", () => process.exit(0));
  process.send?.({ port: await open(readAs), floorPort: await open(floor) });
}

await main(process.env as unknown as ReadsAppEnv);
