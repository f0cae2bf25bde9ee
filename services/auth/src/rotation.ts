import { type Kysely, sql } from "kysely";
import { type Change, endSession, insertRefreshToken, secondsLeft, touch } from "./sessions.ts";
import type { Tables } from "./tables.ts";
import { hashOf, type RefreshTokens, type TokenSession } from "./tokens.ts";

/** A reply may get lost: for so long a used token gives its child again, while that is unused. */
const REPEAT_WITHIN_SECONDS = 10;

/** What is known of a refresh token that was presented. */
export interface TokenState {
  readonly isUsed: boolean;
  readonly isUsedJustNow: boolean;
  readonly isChildUsed: boolean;
}

/** Whether a token gives a new child or the same one again, or comes from two hands: a theft. */
export function decideRotation(state: TokenState): "rotate" | "repeat" | "reuse" {
  if (!state.isUsed) return "rotate";
  return state.isUsedJustNow && !state.isChildUsed ? "repeat" : "reuse";
}

export interface Rotation {
  readonly session: TokenSession;
  readonly refreshToken: string;
}

/**
 * Exchanges a refresh token for its child, or undefined when it is not valid. A token that comes
 * again too late ends its whole session. To be called in a transaction: it holds the session's row,
 * so that the tokens of a family take turns.
 */
export async function rotate(
  db: Kysely<Tables>,
  tokens: RefreshTokens,
  parent: string,
): Promise<Change<Rotation | undefined>> {
  const held = await holdSessionOf(db, parent);
  if (held === undefined) return { value: undefined, sessions: [] };
  const session = {
    sessionId: held.id,
    userId: held.user_id,
    secondsLeft: held.seconds_left,
  };
  const child = tokens.childOf(parent);
  const decision = decideRotation(await readState(db, parent, child));
  if (decision === "reuse") {
    return { value: undefined, sessions: await endSession(db, held.user_id, held.id) };
  }
  if (decision === "rotate") {
    await markUsed(db, parent);
    await insertRefreshToken(db, held.id, child);
    await touch(db, held.id);
  }
  return { value: { session, refreshToken: child }, sessions: [] };
}

function holdSessionOf(db: Kysely<Tables>, token: string) {
  return db
    .selectFrom("auth.sessions")
    .select(["id", "user_id", secondsLeft()])
    .where("id", "=", ({ selectFrom }) => {
      return selectFrom("auth.refresh_tokens")
        .select("session_id")
        .where("hash", "=", hashOf(token));
    })
    .where("revoked_at", "is", null)
    .where("expires_at", ">", sql<Date>`now() + interval '1 second'`)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** A statement of its own, so that it sees what whoever held the session before has done. */
async function readState(db: Kysely<Tables>, parent: string, child: string): Promise<TokenState> {
  const { rows } = await sql<TokenState>`
    SELECT used_at IS NOT NULL AS "isUsed",
           coalesce(
             used_at > clock_timestamp() - make_interval(secs => ${REPEAT_WITHIN_SECONDS}), false
           ) AS "isUsedJustNow",
           EXISTS (
             SELECT FROM auth.refresh_tokens WHERE hash = ${hashOf(child)} AND used_at IS NOT NULL
           ) AS "isChildUsed"
      FROM auth.refresh_tokens WHERE hash = ${hashOf(parent)}`.execute(db);
  const [state] = rows;
  if (state === undefined) throw new Error("a refresh token vanished while its session was held");
  return state;
}

async function markUsed(db: Kysely<Tables>, token: string): Promise<void> {
  await db
    .updateTable("auth.refresh_tokens")
    .set({ used_at: sql<Date>`clock_timestamp()` })
    .where("hash", "=", hashOf(token))
    .execute();
}
