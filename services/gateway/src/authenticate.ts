import type { IncomingMessage } from "node:http";
import { type UserTokenClaims, unauthenticated } from "@countinghouse/service-kit";
import type { LiveSession, SessionCache } from "./session-cache.ts";

/** Verified tokens remembered at most. */
const TOKENS_MAX = 50_000;
const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

export type Authenticate = (request: IncomingMessage) => Promise<LiveSession> | LiveSession;

/**
 * Gives the live session of a request's access token. The signature of a token is checked once and
 * remembered for its life; that its session is alive is asked of the session cache every time.
 * Throws a 401.
 */
export function createAuthenticate(
  verify: (token: string) => UserTokenClaims,
  sessions: SessionCache,
): Authenticate {
  const known = new Map<string, { sid: string; expiresAtMs: number }>();

  function sessionIdOf(token: string): string {
    const hit = known.get(token);
    if (hit !== undefined && hit.expiresAtMs > Date.now()) return hit.sid;
    const { sid, exp } = verified(verify, token);
    if (known.size >= TOKENS_MAX) known.clear();
    known.set(token, { sid, expiresAtMs: exp * 1000 });
    return sid;
  }

  return (request) => {
    const found = sessions.find(sessionIdOf(tokenOf(request)));
    if (found instanceof Promise) return found.then(present);
    return present(found);
  };
}

function present(session: LiveSession | undefined): LiveSession {
  if (session === undefined) throw unauthenticated();
  return session;
}

function verified(verify: (token: string) => UserTokenClaims, token: string): UserTokenClaims {
  try {
    return verify(token);
  } catch {
    throw unauthenticated();
  }
}

/** The one bearer token of a request (RFC 6750); two Authorization headers are none. */
function tokenOf({ headers, rawHeaders }: IncomingMessage): string {
  const [, token] = BEARER.exec(headers.authorization ?? "") ?? [];
  const names = rawHeaders.filter((name, i) => i % 2 === 0 && /^authorization$/i.test(name));
  if (token === undefined || names.length !== 1) throw unauthenticated();
  return token;
}
