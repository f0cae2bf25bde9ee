import { randomUUIDv7 } from "node:crypto";
import type { Role } from "@countinghouse/contracts";
import { type Expression, type Kysely, type Selectable, type SqlBool, sql } from "kysely";
import type { SessionFeed } from "./changes/feed.ts";
import type { Announcement } from "./changes/peers.ts";
import type { PagePlace } from "./pages.ts";
import type { Tables } from "./tables.ts";
import { hashOf, type TokenSession } from "./tokens.ts";
import type { UserRow } from "./users.ts";

/** A session ends 30 days after its login, however often it is refreshed. */
const SESSION_SECONDS = 30 * 24 * 60 * 60;
/** Sessions of one user at once; one more ends the one that was used longest ago. */
const SESSIONS_MAX = 200;
/** How exact `lastUsedAt` is between refreshes. */
const TOUCH_EVERY_MINUTES = 1;
const USER_AGENT_MAX = 256;

export type SessionRow = Selectable<Tables["auth.sessions"]>;

/** What a change of sessions came to, and which of them gateways must forget. */
export interface Change<T> {
  readonly value: T;
  readonly sessions: readonly string[];
}

/**
 * Runs `work` in a transaction and returns once no gateway acts on what was before. That is waited
 * for even when COMMIT failed, for it may have happened all the same.
 */
export async function changeSessions<T>(
  db: Kysely<Tables>,
  feed: SessionFeed,
  work: (db: Kysely<Tables>) => Promise<Change<T>>,
): Promise<T> {
  let announcement: Announcement | undefined;
  try {
    // After a wait for a lock the next statement has to see what was committed meanwhile.
    const transaction = db.transaction().setIsolationLevel("read committed");
    return await transaction.execute(async (inside) => {
      const { value, sessions } = await work(inside);
      if (sessions.length > 0) announcement = await feed.announce(inside, { sessions });
      return value;
    });
  } finally {
    await announcement?.settled();
  }
}

/**
 * Begins a session of a user whose password was checked, unless the user was disabled or the
 * password changed meanwhile: then undefined. Ends sessions that are too many.
 */
export async function beginSession(
  db: Kysely<Tables>,
  user: UserRow,
  userAgent: string | undefined,
  refreshToken: string,
): Promise<Change<TokenSession | undefined>> {
  const same = await db
    .selectFrom("auth.users")
    .select("id")
    .where("id", "=", user.id)
    .where("status", "=", "active")
    .where("password_hash", "=", user.password_hash)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (same === undefined) return { value: undefined, sessions: [] };
  await db
    .deleteFrom("auth.sessions")
    .where("user_id", "=", user.id)
    .where("expires_at", "<", sql<Date>`now()`)
    .execute();
  const session = await db
    .insertInto("auth.sessions")
    .values({
      id: randomUUIDv7(),
      user_id: user.id,
      user_agent: userAgent?.slice(0, USER_AGENT_MAX) ?? null,
      expires_at: sql<Date>`now() + make_interval(secs => ${SESSION_SECONDS})`,
    })
    .returning(["id", secondsLeft()])
    .executeTakeFirstOrThrow();
  await insertRefreshToken(db, session.id, refreshToken);
  const value = { sessionId: session.id, userId: user.id, secondsLeft: session.seconds_left };
  return { value, sessions: await endSurplus(db, user.id) };
}

export function secondsLeft() {
  return sql<number>`floor(extract(epoch FROM expires_at - now()))::int`.as("seconds_left");
}

export async function insertRefreshToken(
  db: Kysely<Tables>,
  sessionId: string,
  refreshToken: string,
): Promise<void> {
  const token = { hash: hashOf(refreshToken), session_id: sessionId };
  await db.insertInto("auth.refresh_tokens").values(token).execute();
}

async function endSurplus(db: Kysely<Tables>, userId: string): Promise<string[]> {
  const surplus = live(db)
    .select("id")
    .where("user_id", "=", userId)
    .orderBy("last_used_at", "desc")
    .orderBy("id", "desc")
    .offset(SESSIONS_MAX);
  return endWhere(db, sql<boolean>`id IN (${surplus})`);
}

/** Ends a session; its id if it is this user's, ended before or not, else nothing. */
export async function endSession(
  db: Kysely<Tables>,
  userId: string,
  sessionId: string,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    UPDATE auth.sessions SET revoked_at = coalesce(revoked_at, now())
     WHERE id = ${sessionId} AND user_id = ${userId} RETURNING id`.execute(db);
  return rows.map(({ id }) => id);
}

/** Ends a user's sessions, all or all but one; the ids of those that were live. */
export function endSessionsOf(
  db: Kysely<Tables>,
  userId: string,
  exceptId?: string,
): Promise<string[]> {
  const except = exceptId ?? null;
  return endWhere(db, sql<boolean>`user_id = ${userId} AND id IS DISTINCT FROM ${except}::uuid`);
}

async function endWhere(db: Kysely<Tables>, which: Expression<SqlBool>): Promise<string[]> {
  const rows = await db
    .updateTable("auth.sessions")
    .set({ revoked_at: sql<Date>`now()` })
    .where("revoked_at", "is", null)
    .where(which)
    .returning("id")
    .execute();
  return rows.map(({ id }) => id);
}

/** The ids of a user's live sessions. */
export async function liveSessionsOf(db: Kysely<Tables>, userId: string): Promise<string[]> {
  const rows = await live(db).select("id").where("user_id", "=", userId).execute();
  return rows.map(({ id }) => id);
}

/** A user's live sessions, newest first; one more than the limit when there are more. */
export function selectSessions(
  db: Kysely<Tables>,
  userId: string,
  { after, limit }: PagePlace,
): Promise<SessionRow[]> {
  let sessions = live(db).selectAll().where("user_id", "=", userId);
  if (after !== undefined) sessions = sessions.where("id", "<", after);
  return sessions
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
}

/** Whose live session it is and what its user may do, or undefined; notes its use sparsely. */
export async function checkSession(
  db: Kysely<Tables>,
  sessionId: string,
): Promise<{ userId: string; roles: Role[] } | undefined> {
  const minutes = TOUCH_EVERY_MINUTES;
  const isUntouched = sql<boolean>`last_used_at < now() - make_interval(mins => ${minutes})`;
  const found = await live(db)
    .innerJoin("auth.users", "auth.users.id", "auth.sessions.user_id")
    .select(["user_id", "roles", isUntouched.as("is_untouched")])
    .where("auth.sessions.id", "=", sessionId)
    .where("auth.users.status", "=", "active")
    .executeTakeFirst();
  if (found === undefined) return undefined;
  if (found.is_untouched) await touch(db, sessionId);
  return { userId: found.user_id, roles: found.roles };
}

/** Notes that a session was used now. */
export async function touch(db: Kysely<Tables>, sessionId: string): Promise<void> {
  await db
    .updateTable("auth.sessions")
    .set({ last_used_at: sql<Date>`now()` })
    .where("id", "=", sessionId)
    .execute();
}

function live(db: Kysely<Tables>) {
  return db
    .selectFrom("auth.sessions")
    .where("revoked_at", "is", null)
    .where("expires_at", ">", sql<Date>`now()`);
}
