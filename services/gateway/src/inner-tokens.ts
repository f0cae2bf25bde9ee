import type { ServiceName } from "@countinghouse/contracts";
import { INNER_TOKEN_SECONDS, type InnerSigner } from "@countinghouse/service-kit";
import type { LiveSession } from "./session-cache.ts";

const RENEW_BEFORE_MS = 10_000;

/**
 * Gives the inner token of a session for a service: minted once and used until shortly before it
 * ends. The tokens hang on the session object, which the session cache drops on every change.
 */
export type InnerTokens = (session: LiveSession, service: ServiceName) => string;

/** The gateway's own token for auth: it shows that a request of nobody came through this door. */
export function createOwnToken(signer: InnerSigner): () => string {
  let [token, untilMs] = ["", 0];
  return () => {
    const now = Date.now();
    if (now < untilMs) return token;
    token = signer.forSelf("auth");
    untilMs = now + INNER_TOKEN_SECONDS * 1000 - RENEW_BEFORE_MS;
    return token;
  };
}

export function createInnerTokens(signer: InnerSigner): InnerTokens {
  const minted = new WeakMap<LiveSession, Map<ServiceName, { token: string; untilMs: number }>>();
  return (session, service) => {
    const ofSession = minted.get(session) ?? new Map();
    minted.set(session, ofSession);
    const now = Date.now();
    const hit = ofSession.get(service);
    if (hit !== undefined && hit.untilMs > now) return hit.token;
    const token = signer.forUser(service, session);
    const untilMs = now + INNER_TOKEN_SECONDS * 1000 - RENEW_BEFORE_MS;
    ofSession.set(service, { token, untilMs });
    return token;
  };
}
