import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { Role } from "@countinghouse/contracts";
import {
  type AccountVersion,
  createConsistencyTokens,
  createInnerSigner,
  createInnerVerifier,
  createKysely,
  createLogger,
  createMetrics,
  createPool,
  ed25519FromSeed,
  ed25519PublicKey,
} from "@countinghouse/service-kit";
import { buildApp } from "../../src/app.ts";
import { createResolveRanges } from "../../src/consistency/ranges.ts";
import { createWaitingRoom, type WaitingLimits } from "../../src/consistency/waiting-room.ts";
import { createCursors } from "../../src/cursors.ts";
import { createLook } from "../../src/reader.ts";
import { READ_SCHEMA, type Tables } from "../../src/tables.ts";
import { OTHER_OWNER, OWNER } from "./fake-log.ts";
import { type Projecting, projecting } from "./projecting.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what a body is.
  readonly body: any;
}

/** Gets a path as a person. */
export type Get = (path: string, token?: string) => Promise<Answer>;

/** The service over HTTP, on a database of its own, and the log that fills it. */
export interface Serving extends Projecting {
  readonly owner: Get;
  readonly other: Get;
  readonly auditor: Get;
  readonly teller: Get;
  readonly url: string;
  readonly room: { readonly waiters: number };
  mint(...versions: AccountVersion[]): string;
  /** The token of a large command that wrote the last events of the log, so many. */
  mintLast(count: number): string;
}

const SEED = randomBytes(32);
const KEY = randomBytes(32);

export interface ServingOptions {
  readonly waiting?: Partial<WaitingLimits>;
  /** Whether applied batches wake waiters; not so when another process applies them. */
  readonly announces?: boolean;
  readonly now?: () => Date;
}

export async function serving(options: ServingOptions = {}): Promise<Serving> {
  const { waiting, announces = true, now = () => new Date() } = options;
  const world = await projecting({
    applied(versions) {
      if (announces) room.announce(versions);
    },
  });
  const logger = createLogger("query", { LOG_LEVEL: "silent" });
  const pool = createPool(world.database.reader, "query", logger);
  const db = createKysely<Tables>(pool);
  const reading = db.withSchema(READ_SCHEMA);
  const room = createWaitingRoom(createLook(reading), waiting);
  const tokens = createConsistencyTokens(KEY);
  const publicKey = ed25519PublicKey(ed25519FromSeed(SEED));
  const app = buildApp({
    db: reading,
    tokens,
    resolveRanges: createResolveRanges(world.log),
    waitingRoom: room,
    cursors: createCursors(KEY),
    now,
    logger,
    metrics: createMetrics("query"),
    readiness: [],
    verify: createInnerVerifier("query", JSON.stringify({ gateway: publicKey })),
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return {
    ...world,
    ...{ url, room },
    owner: asUser(url, OWNER, "customer"),
    other: asUser(url, OTHER_OWNER, "customer"),
    auditor: asUser(url, "44444444-4444-4444-8444-444444444444", "auditor"),
    teller: asUser(url, "55555555-5555-4555-8555-555555555555", "teller"),
    mint: (...versions) => tokens.mint(versions),
    mintLast(count) {
      const first = world.log.events.length - count + 1;
      return tokens.mintRanges([{ ledger: 1, first, count }]);
    },
    async end() {
      await app.close();
      await db.destroy();
      await world.end();
    },
  };
}

function asUser(url: string, userId: string, ...roles: Role[]): Get {
  const signer = createInnerSigner("gateway", SEED.toString("base64url"));
  const sessionId = "66666666-6666-4666-8666-666666666666";
  const authorization = `Bearer ${signer.forUser("query", { userId, sessionId, roles })}`;
  return async (path, token) => {
    const headers = { authorization, ...(token !== undefined && { "consistency-token": token }) };
    const response = await fetch(url + path, { headers });
    return {
      status: response.status,
      headers: response.headers,
      body: await response.json(),
    };
  };
}
