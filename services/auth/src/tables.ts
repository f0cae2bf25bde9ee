import type { Role } from "@countinghouse/contracts";
import type { UserTokenAlgorithm } from "@countinghouse/service-kit";
import type { ColumnType, Generated } from "kysely";

type Fixed<T> = ColumnType<T, T, never>;
/** Given by the database when the row is made. */
type Stamp = ColumnType<Date, never, never>;

interface UserTable {
  id: Fixed<string>;
  /** As it was given. */
  email: Fixed<string>;
  /** What makes it unique: see emailKey. */
  email_key: Fixed<string>;
  full_name: Fixed<string>;
  password_hash: string;
  roles: Role[];
  status: Generated<"active" | "disabled">;
  created_at: Stamp;
}

/** A session is one login and the family of refresh tokens that came of it. */
interface SessionTable {
  id: Fixed<string>;
  user_id: Fixed<string>;
  user_agent: Fixed<string | null>;
  created_at: Stamp;
  last_used_at: ColumnType<Date, never, Date>;
  expires_at: Fixed<Date>;
  revoked_at: ColumnType<Date | null, never, Date>;
}

interface RefreshTokenTable {
  /** SHA-256 of the token; the token itself is nowhere. */
  hash: Fixed<Buffer>;
  session_id: Fixed<string>;
  /** When it was exchanged for its child. */
  used_at: ColumnType<Date | null, never, Date>;
}

interface TotpTable {
  user_id: Fixed<string>;
  /** Sealed; null until the first one is confirmed. */
  secret: ColumnType<Buffer | null, never, Buffer>;
  /** Sealed; begun and not yet confirmed. */
  next: Buffer | null;
  /** Steps whose code has been used, of those that are still accepted. */
  used_steps: Generated<string[]>;
}

interface RecoveryCodeTable {
  user_id: Fixed<string>;
  /** SHA-256 of the code; the row goes when the code is used. */
  hash: Fixed<Buffer>;
}

interface GuessTable {
  key: Fixed<Buffer>;
  failures: number;
  began_at: Stamp;
  blocked_until: Date | null;
}

interface KnownDeviceTable {
  user_id: Fixed<string>;
  device: Fixed<Buffer>;
  last_seen_at: ColumnType<Date, never, Date>;
}

/** A key of access tokens; the key itself is made of the salt and the secret, which is not here. */
interface TokenKeyTable {
  kid: Fixed<string>;
  algorithm: Fixed<UserTokenAlgorithm>;
  salt: Fixed<Buffer>;
  /** SPKI in base64url; null with HS256, which has none. */
  public_key: Fixed<string | null>;
  made_at: Stamp;
  /** When it was taken into use; null for one that gateways only get to know. */
  signs_from: ColumnType<Date | null, never, Date>;
  /** When another was taken into use; its tokens stay good until they are over. */
  retired_at: ColumnType<Date | null, never, Date>;
  /** When its tokens were refused before that. */
  revoked_at: ColumnType<Date | null, never, Date>;
}

/** The tables of auth as Kysely knows them; migrations/ makes them. */
export interface Tables {
  "auth.users": UserTable;
  "auth.sessions": SessionTable;
  "auth.refresh_tokens": RefreshTokenTable;
  "auth.totp": TotpTable;
  "auth.recovery_codes": RecoveryCodeTable;
  "auth.guesses": GuessTable;
  "auth.known_devices": KnownDeviceTable;
  "auth.token_keys": TokenKeyTable;
}
