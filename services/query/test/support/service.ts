import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { Role } from "@countinghouse/contracts";
import {
  type AccountVersion,
  createConsistencyTokens,
  createCursors,
  createInnerSigner,
  createInnerVerifier,
  createLogger,
  createMetrics,
  ed25519FromSeed,
  ed25519PublicKey,
} from "@countinghouse/service-kit";
import { type AppliedListener, listenForApplied } from "../../src/announcements/listener.ts";
import { buildApp } from "../../src/app.ts";
import { createResolveRanges } from "../../src/consistency/ranges.ts";
import {
  createWaitingRoom,
  type Reached,
  type WaitingLimits,
  type WaitingRoom,
} from "../../src/consistency/waiting-room.ts";
import { createLiveHub, type LiveHub, type LiveLimits } from "../../src/live/hub.ts";
import {
  createLook,
  createReadAs,
  createReadNext,
  createReadPool,
  type ReadAs,
} from "../../src/reader.ts";
import { createPrinter } from "../../src/statements/pdf/printer.ts";
import { OTHER_OWNER, OWNER } from "./fake-log.ts";
import { type OpenStream, openStream } from "./open-stream.ts";
import { type Projecting, projecting } from "./projecting.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what a body is.
  readonly body: any;
}

const AUDITOR = "44444444-4444-4444-8444-444444444444";
export const TELLER = "55555555-5555-4555-8555-555555555555";

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
  readonly live: LiveHub;
  /** Opens a stream, the owner's unless `as` is another Authorization header. */
  stream(accountId: string, lastEventId?: string, as?: string): Promise<OpenStream>;
  readonly authorization: string;
  /** The transactions given to streams, as account and version. */
  readonly sent: string[];
  /** Why streams have ended. */
  readonly ends: string[];
  readonly listener: AppliedListener;
  /** Begins to end the service, as a shutdown does. */
  shutDown(): Promise<void>;
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
  /** Whether it hears what any process applies, as the service does. */
  readonly hears?: boolean;
  readonly limits?: Partial<LiveLimits>;
  readonly now?: () => Date;
  readonly timeZone?: string;
}

export async function serving(options: ServingOptions = {}): Promise<Serving> {
  const { waiting, announces = true, now = () => new Date(), timeZone = "UTC" } = options;
  const world = await projecting({
    applied(versions) {
      if (announces) hearing.announce(versions);
    },
  });
  const logger = createLogger("query", { LOG_LEVEL: "silent" });
  const pool = createReadPool(world.database.reader, logger);
  const readAs = createReadAs(pool);
  const room = createWaitingRoom(createLook(readAs), waiting);
  const hearing = listening(world.database.reader, readAs, room, options);
  const { live, listener } = hearing;
  const tokens = createConsistencyTokens(KEY);
  const publicKey = ed25519PublicKey(ed25519FromSeed(SEED));
  const printer = createPrinter();
  const app = buildApp({
    ...{ log: world.log, printer, timeZone },
    readAs,
    tokens,
    resolveRanges: createResolveRanges(world.log),
    waitingRoom: room,
    live,
    cursors: createCursors(KEY),
    latestProposals: async () => [],
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
    ...{ url, room, ...hearing },
    owner: asUser(url, OWNER, "customer"),
    other: asUser(url, OTHER_OWNER, "customer"),
    auditor: asUser(url, AUDITOR, "auditor"),
    teller: asUser(url, TELLER, "teller"),
    authorization: authorizationOf(OWNER, "customer"),
    stream: (id, lastEventId, as = authorizationOf(OWNER, "customer")) => {
      return openStream(`${url}/v1/accounts/${id}/stream`, as, lastEventId);
    },
    mint: (...versions) => tokens.mint(versions),
    mintLast(count) {
      const first = world.log.events.length - count + 1;
      return tokens.mintRanges([{ ledger: 1, first, count }]);
    },
    shutDown: () => app.close(),
    async end() {
      await app.close();
      await printer.close();
      await listener.stop();
      await pool.end();
      await world.end();
    },
  };
}

/** What hears of applied events, as in the service. */
function listening(
  databaseUrl: string,
  readAs: ReadAs,
  room: WaitingRoom,
  { hears = false, limits = {} }: ServingOptions,
) {
  const [sent, ends]: [string[], string[]] = [[], []];
  const logger = createLogger("query", { LOG_LEVEL: "silent" });
  const live = createLiveHub({
    ...{ read: createReadNext(readAs), logger, limits },
    observer: {
      sent: (row) => sent.push(`${row.account_id} ${row.version}`),
      ended: (reason) => ends.push(reason),
    },
  });
  const announce = (versions: Reached) => {
    room.announce(versions);
    live.announce(versions);
  };
  const listener = listenForApplied(databaseUrl, logger, {
    onApplied: (versions) => hears && announce(versions),
    onListening: () => live.lookAgain(),
    onLost: () => room.forget(),
  });
  return { live, announce, listener, sent, ends };
}

/** The Authorization header that the gateway sends for a user. */
export function authorizationOf(userId: string, ...roles: Role[]): string {
  const signer = createInnerSigner("gateway", SEED.toString("base64url"));
  const sessionId = "66666666-6666-4666-8666-666666666666";
  return `Bearer ${signer.forUser("query", { userId, sessionId, roles })}`;
}

function asUser(url: string, userId: string, ...roles: Role[]): Get {
  const authorization = authorizationOf(userId, ...roles);
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
