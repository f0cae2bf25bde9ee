import { setTimeout as delay } from "node:timers/promises";
import {
  createKysely,
  createLogger,
  createPool,
  type Env,
  loadConfig,
  userTokenKeyConfig,
  userTokenLifetime,
} from "@countinghouse/service-kit";
import type { Kysely } from "kysely";
import Type from "typebox";
import { joinPeers } from "./changes/peers.ts";
import type { Tables } from "./tables.ts";
import { ACQUAINTED_AFTER_MS, rotateKeys } from "./token-keys/rotate.ts";
import { type KeyRow, type KeySettings, type KeyState, listKeys } from "./token-keys/store.ts";

/** What a program needs that looks after the keys of access tokens and is no service. */
const keySettings = Type.Object({ ...userTokenKeyConfig, ...userTokenLifetime });

const LOGGER = createLogger("keys", { LOG_LEVEL: "silent" });

interface KeysRequest {
  /** Of auth's database, as the role of the service. */
  readonly databaseUrl: string;
  /** The settings of auth. */
  readonly env: Env;
}

export interface TokenKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly madeAt: Date;
  readonly usedFrom: Date | undefined;
  /** Until when its tokens are good, where that is known. */
  readonly until: Date | undefined;
}

/**
 * Makes a new key sign access tokens in all processes of auth, without a restart and without a
 * failed request, and gives its kid. Tokens of the keys before stay good until they are over, but
 * not when those keys are `compromised`.
 */
export function rotateTokenKeys(
  request: KeysRequest & { readonly compromised: boolean },
): Promise<string> {
  return withDatabase(request, async (db, settings) => {
    const listening = Promise.withResolvers<void>();
    const peers = joinPeers(request.databaseUrl, LOGGER, {
      isGuest: true,
      onListening: async () => listening.resolve(),
      onChange: async () => undefined,
      onPulse: () => undefined,
      onNote: () => undefined,
      onLost: () => undefined,
    });
    try {
      await Promise.race([listening.promise, listKeys(db, 1).then(() => listening.promise)]);
      await delay(ACQUAINTED_AFTER_MS);
      return await rotateKeys({ db, peers, settings }, request.compromised);
    } finally {
      await peers.stop(true);
    }
  });
}

/** The keys of access tokens, newest first. */
export function listTokenKeys(request: KeysRequest): Promise<TokenKey[]> {
  return withDatabase(request, async (db, settings) => {
    const rows = await listKeys(db, settings.ACCESS_TOKEN_EXPIRE_MINUTES);
    return rows.map(shown);
  });
}

function shown(row: KeyRow): TokenKey {
  const { kid, algorithm, state, made_at: madeAt, signs_from, revoked_at, until } = row;
  const over = until === null ? undefined : new Date(until * 1000);
  return {
    kid,
    algorithm,
    state,
    madeAt,
    usedFrom: signs_from ?? undefined,
    until: revoked_at ?? over,
  };
}

async function withDatabase<T>(
  { databaseUrl, env }: KeysRequest,
  work: (db: Kysely<Tables>, settings: KeySettings) => Promise<T>,
): Promise<T> {
  const settings = loadConfig("keys", keySettings, env);
  const db = createKysely<Tables>(createPool(databaseUrl, "keys", LOGGER, { max: 1 }));
  try {
    return await work(db, settings);
  } finally {
    await db.destroy();
  }
}
