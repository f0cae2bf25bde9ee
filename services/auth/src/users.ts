import { randomUUIDv7 } from "node:crypto";
import type { Role, User } from "@countinghouse/contracts";
import { ProblemError } from "@countinghouse/service-kit";
import { type Kysely, type Selectable, sql } from "kysely";
import type { PagePlace } from "./pages.ts";
import type { Tables } from "./tables.ts";

export type UserRow = Selectable<Tables["auth.users"]> & {
  readonly mfa: boolean;
  readonly locked: boolean;
};

/** Whether a user's second factor is on, as a column of a statement about users. */
function hasMfa() {
  return sql<boolean>`EXISTS (
    SELECT FROM auth.totp WHERE user_id = auth.users.id AND secret IS NOT NULL
  )`.as("mfa");
}

/** Whether a user's account is blocked for strangers, by the key of guesses.ts. */
function isLocked() {
  return sql<boolean>`EXISTS (
    SELECT FROM auth.guesses
     WHERE key = sha256(convert_to('account ' || auth.users.email_key, 'UTF8'))
       AND blocked_until > now()
  )`.as("locked");
}

function users(db: Kysely<Tables>) {
  return db.selectFrom("auth.users").selectAll().select([hasMfa(), isLocked()]);
}

/** What tells e-mail addresses apart: case does not, nor how an accent is encoded. */
export function emailKey(email: string): string {
  return email.toLowerCase().normalize("NFC");
}

export function findUser(db: Kysely<Tables>, userId: string): Promise<UserRow | undefined> {
  return users(db).where("id", "=", userId).executeTakeFirst();
}

export function findByEmail(db: Kysely<Tables>, email: string): Promise<UserRow | undefined> {
  const key = emailKey(email);
  return users(db).where("email_key", "=", key).executeTakeFirst();
}

export interface NewUser {
  readonly email: string;
  readonly fullName: string;
  readonly passwordHash: string;
  readonly roles: Role[];
}

/** The new user's id, or undefined when the e-mail is taken. */
export async function insertUser(db: Kysely<Tables>, user: NewUser): Promise<string | undefined> {
  const row = await db
    .insertInto("auth.users")
    .values({
      id: randomUUIDv7(),
      email: user.email,
      email_key: emailKey(user.email),
      full_name: user.fullName,
      password_hash: user.passwordHash,
      roles: user.roles,
    })
    .onConflict((conflict) => conflict.column("email_key").doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

/** Users, newest first; one more than the limit when there are more. */
export function selectUsers(
  db: Kysely<Tables>,
  { after, limit }: PagePlace,
  email: string | undefined,
): Promise<UserRow[]> {
  let found = users(db);
  if (email !== undefined) found = found.where("email_key", "=", emailKey(email));
  if (after !== undefined) found = found.where("id", "<", after);
  return found
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
}

/** Replaces the password if it still is the one that was checked; whether it did. */
export async function replacePassword(
  db: Kysely<Tables>,
  { id, password_hash }: UserRow,
  newHash: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("auth.users")
    .set({ password_hash: newHash })
    .where("id", "=", id)
    .where("password_hash", "=", password_hash)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/**
 * Changes a user's roles or status. Throws a 404 for nobody, and a 422 when the bank would be left
 * without an administrator; to be called in a transaction, which then locks all administrators.
 */
export async function updateUser(
  db: Kysely<Tables>,
  userId: string,
  change: { readonly roles?: Role[]; readonly status?: UserRow["status"] },
): Promise<UserRow> {
  const staysAdmin = change.roles?.includes("admin") ?? true;
  if (!staysAdmin || change.status === "disabled") await keepAnAdmin(db, userId);
  const row = await db
    .updateTable("auth.users")
    .set(change)
    .where("id", "=", userId)
    .returningAll()
    .returning([hasMfa(), isLocked()])
    .executeTakeFirst();
  if (row === undefined) throw new ProblemError("not_found");
  return row;
}

/** Two administrators who take each other's role at once take turns here: the second is refused. */
async function keepAnAdmin(db: Kysely<Tables>, exceptId: string): Promise<void> {
  const admins = await db
    .selectFrom("auth.users")
    .select("id")
    .where("status", "=", "active")
    .where(sql<boolean>`'admin' = ANY (roles)`)
    .orderBy("id")
    .forNoKeyUpdate()
    .execute();
  if (admins.length === 1 && admins[0]?.id === exceptId) throw new ProblemError("last_admin");
}

/** A user as administrators see them. */
export function showUser(row: UserRow): User {
  return {
    userId: row.id,
    email: row.email,
    fullName: row.full_name,
    roles: row.roles,
    status: row.status === "active" && row.locked ? "locked" : row.status,
    mfa: row.mfa,
    createdAt: row.created_at.toISOString(),
  };
}
