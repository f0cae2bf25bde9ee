import Type, { type Static } from "typebox";
import { ROLES } from "../roles.ts";
import { FullName, Moment, page, strict, Uuid } from "./primitives.ts";

/** Shortest and longest password, in code points. */
export const PASSWORD_LENGTH = { least: 8, most: 1000 } as const;

export const Email = Type.String({
  maxLength: 254,
  pattern: '^[^\\s@"(),:;<>\\[\\]\\\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$',
  examples: ["ada@example.com"],
});
export const NewPassword = Type.String({
  minLength: PASSWORD_LENGTH.least,
  maxLength: PASSWORD_LENGTH.most,
});
const GivenPassword = Type.String({ minLength: 1, maxLength: PASSWORD_LENGTH.most });

/** A TOTP code (RFC 6238) or a recovery code. */
export const Otp = Type.String({ minLength: 1, maxLength: 64, examples: ["492039"] });
export const OtpGiven = strict({ otp: Otp });
export const TotpBegun = strict({ secret: Type.String(), otpauthUri: Type.String() });
export const TotpConfirmed = strict({ recoveryCodes: Type.Array(Type.String()) });

export const Registration = strict({ email: Email, password: NewPassword, fullName: FullName });
export const Registered = strict({ userId: Uuid });
export const Credentials = strict({
  email: Type.String({ minLength: 1, maxLength: 254 }),
  password: GivenPassword,
  otp: Type.Optional(Otp),
});
export const TokenPair = strict({
  accessToken: Type.String(),
  tokenType: Type.Literal("Bearer"),
  expiresIn: Type.Integer({ minimum: 1 }),
  refreshToken: Type.String(),
  refreshExpiresIn: Type.Integer({ minimum: 1 }),
});
export type TokenPair = Static<typeof TokenPair>;
export const RefreshRequest = strict({
  refreshToken: Type.String({ minLength: 1, maxLength: 4096 }),
});
export const PasswordChange = strict({ currentPassword: GivenPassword, newPassword: NewPassword });

const RoleName = Type.Enum([...ROLES]);

export const Me = strict({
  userId: Uuid,
  email: Type.String(),
  fullName: Type.String(),
  roles: Type.Array(RoleName),
  mfa: Type.Boolean(),
});
export const Session = strict({
  sessionId: Uuid,
  createdAt: Moment,
  lastUsedAt: Moment,
  userAgent: Type.Optional(Type.String()),
  current: Type.Boolean(),
});
export const Sessions = page(Session);

export const User = strict({
  userId: Uuid,
  email: Type.String(),
  fullName: Type.String(),
  roles: Type.Array(RoleName),
  status: Type.Enum(["active", "disabled", "locked"]),
  mfa: Type.Boolean(),
  createdAt: Moment,
});
export type User = Static<typeof User>;
export const Users = page(User);
export const RoleSet = strict({ roles: Type.Array(RoleName, { minItems: 1, uniqueItems: true }) });

/** Public keys (RFC 7517), loosely: which members a key has depends on its kind. */
export const KeySet = strict({
  keys: Type.Array(Type.Object({ kty: Type.String() }, { additionalProperties: true })),
});
