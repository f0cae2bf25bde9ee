import type { IncomingHttpHeaders } from "node:http";
import type { TokenPair } from "@countinghouse/contracts";
import { networkOf } from "@countinghouse/service-kit";
import type { RouteDeps } from "./app.ts";
import { accountHash, type Guess, type GuessKey } from "./guesses.ts";
import { unauthorized } from "./problems.ts";
import { beginSession, changeSessions } from "./sessions.ts";
import { userAgentOf } from "./user-agent.ts";
import { emailKey, findByEmail, replacePassword, type UserRow } from "./users.ts";

/** Somebody who wants in, and where from. */
export interface LoginRequest {
  readonly email: string;
  readonly password: string;
  readonly otp: string | undefined;
  readonly clientAddress: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Begins a session of who knows the password and, where the second factor is on, has a code. Throws
 * the same 401 for a wrong password as for nobody's e-mail, and a 429 before any hashing while the
 * account, the address or the device has failed too often.
 */
export async function logIn(deps: RouteDeps, request: LoginRequest): Promise<TokenPair> {
  const { db, feed, refreshTokens, issue } = deps;
  const user = await authenticate(deps, request);
  const refreshToken = refreshTokens.first();
  const session = await changeSessions(db, feed, (transaction) => {
    return beginSession(transaction, user, userAgentOf(request.headers), refreshToken);
  });
  if (session === undefined) throw unauthorized("invalid_credentials");
  await deps.devices.remember(db, user.id, deviceOf(deps, user, request));
  return issue(session, refreshToken);
}

/** The user whose password and code these are, with the hash that is stored now. */
async function authenticate(deps: RouteDeps, request: LoginRequest): Promise<UserRow> {
  const { db, guesses, passwords } = deps;
  const user = await findByEmail(db, request.email);
  const { keys, forgiven } = await keysFor(deps, user, request);
  await guesses.refuseBlocked(keys);
  const taken: Guess[] = [];
  const isRight = await passwords.verify(user?.password_hash, request.password, async () => {
    taken.push(await guesses.take(keys));
  });
  // Who is shut out is not told that the password was right.
  if (!isRight || user?.status !== "active") throw unauthorized("invalid_credentials");
  if (user.mfa && request.otp === undefined) {
    await taken[0]?.giveBack();
    throw unauthorized("otp_required");
  }
  if (user.mfa && !(await deps.secondFactor.spend(db, user.id, request.otp ?? ""))) {
    throw unauthorized("invalid_otp");
  }
  await taken[0]?.giveBack();
  await guesses.forget([forgiven]);
  return renewHash(deps, user, request.password);
}

interface Counted {
  readonly keys: readonly GuessKey[];
  /** What a login that succeeds wipes out. */
  readonly forgiven: Buffer;
}

/** A known device counts for itself until it has failed too often; then it is a stranger's. */
async function keysFor(
  deps: RouteDeps,
  user: UserRow | undefined,
  request: LoginRequest,
): Promise<Counted> {
  const { db, guesses, devices } = deps;
  if (user !== undefined) {
    const device = deviceOf(deps, user, request);
    const keys = guesses.ofDevice(device);
    const isKnown = await devices.isKnown(db, user.id, device);
    if (isKnown && !(await guesses.isBlocked(keys))) return { keys, forgiven: device };
  }
  const key = emailKey(request.email);
  const keys = guesses.ofStranger(key, networkOf(request.clientAddress));
  return { keys, forgiven: accountHash(key) };
}

function deviceOf({ devices }: RouteDeps, { id }: UserRow, request: LoginRequest): Buffer {
  const network = networkOf(request.clientAddress);
  return devices.deviceOf(id, network, userAgentOf(request.headers));
}

/** Hashes a password anew that was hashed as is not done any more: now it is there to be hashed. */
async function renewHash(
  { db, passwords }: RouteDeps,
  user: UserRow,
  password: string,
): Promise<UserRow> {
  if (!passwords.isOutdated(user.password_hash)) return user;
  const renewed = await passwords.hash(password);
  if (await replacePassword(db, user, renewed)) return { ...user, password_hash: renewed };
  // Another login may have done so; that it is the same password, that login has checked.
  const now = await findByEmail(db, user.email);
  if (now === undefined || !(await passwords.verify(now.password_hash, password))) return user;
  return now;
}
