import type { IncomingMessage } from "node:http";
import { unauthenticated, type VerifyUserToken } from "@countinghouse/service-kit";
import type { LiveSession, SessionCache } from "./session-cache.ts";
import type { TokenKeys } from "./token-keys.ts";

/** Verified tokens remembered at most. */
const TOKENS_MAX = 50_000;
const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/** Whose token it is, and until when it is good. */
export interface Caller {
  readonly session: LiveSession;
  readonly expiresAtMs: number;
  /** The key that signed the token. */
  readonly kid: string;
}

export type Authenticate = (request: IncomingMessage) => Promise<Caller> | Caller;

/**
 * Gives whose a request's access token is. The signature of a token is checked once and remembered
 * while the keys are the same; that its session is alive is asked of the session cache every time.
 * Throws a 401.
 */
export function createAuthenticate(
  keys: Pick<TokenKeys, "verifier">,
  sessions: SessionCache,
): Authenticate {
  const known = new Map<string, Token>();

  function read(text: string, verify: VerifyUserToken): Token {
    const hit = known.get(text);
    if (hit?.verify === verify && hit.expiresAtMs > Date.now()) return hit;
    const { sub, sid, exp, kid } = verified(verify, text);
    if (known.size >= TOKENS_MAX) known.clear();
    const token = { sub, sid, expiresAtMs: exp * 1000, kid, verify };
    known.set(text, token);
    return token;
  }

  function find({ sub, sid, expiresAtMs, kid }: Token): Promise<Caller> | Caller {
    const found = sessions.find(sid);
    const callerOf = (session: LiveSession | undefined): Caller => {
      if (session?.userId !== sub) throw unauthenticated();
      return { session, expiresAtMs, kid };
    };
    return found instanceof Promise ? found.then(callerOf) : callerOf(found);
  }

  return (request) => {
    const text = tokenOf(request);
    const verify = keys.verifier();
    if (!(verify instanceof Promise)) return find(read(text, verify));
    return verify.then((now) => find(read(text, now)));
  };
}

interface Token {
  readonly sub: string;
  readonly sid: string;
  readonly expiresAtMs: number;
  readonly kid: string;
  /** What it was checked with. */
  readonly verify: VerifyUserToken;
}

function verified(verify: VerifyUserToken, token: string): ReturnType<VerifyUserToken> {
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
