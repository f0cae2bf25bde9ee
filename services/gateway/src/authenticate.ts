import type { IncomingMessage } from "node:http";
import { type UserTokenClaims, unauthenticated } from "@countinghouse/service-kit";
import { isOurs } from "./claims.ts";
import type { LiveSession, SessionCache } from "./session-cache.ts";

/** Verified tokens remembered at most. */
const TOKENS_MAX = 50_000;
const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/** Whose token it is, and until when it is good. */
export interface Caller {
  readonly session: LiveSession;
  readonly expiresAtMs: number;
}

export type Authenticate = (request: IncomingMessage) => Promise<Caller> | Caller;

/**
 * Gives whose a request's access token is. The signature of a token is checked once and
 * remembered for its life; that its session is alive is asked of the session cache every time.
 * Throws a 401.
 */
export function createAuthenticate(
  verify: (token: string) => UserTokenClaims,
  sessions: SessionCache,
  lifetimeMinutes: number,
): Authenticate {
  const known = new Map<string, Token>();

  function read(text: string): Token {
    const hit = known.get(text);
    if (hit !== undefined && hit.expiresAtMs > Date.now()) return hit;
    const claims = verified(verify, text);
    if (!isOurs(text, claims, lifetimeMinutes)) throw unauthenticated();
    if (known.size >= TOKENS_MAX) known.clear();
    const token = { sub: claims.sub, sid: claims.sid, expiresAtMs: claims.exp * 1000 };
    known.set(text, token);
    return token;
  }

  return (request) => {
    const { sub, sid, expiresAtMs } = read(tokenOf(request));
    const found = sessions.find(sid);
    const callerOf = (session: LiveSession | undefined): Caller => {
      if (session?.userId !== sub) throw unauthenticated();
      return { session, expiresAtMs };
    };
    return found instanceof Promise ? found.then(callerOf) : callerOf(found);
  };
}

interface Token {
  readonly sub: string;
  readonly sid: string;
  readonly expiresAtMs: number;
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
