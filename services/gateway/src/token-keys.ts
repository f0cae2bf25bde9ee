import {
  createUserTokenVerifier,
  ProblemError,
  type ServiceClient,
  type VerificationKey,
  type VerifyUserToken,
} from "@countinghouse/service-kit";
import type { AuthFeed } from "./auth-feed.ts";

/**
 * The keys that check access tokens, which auth tells: a new one before it signs, and which are no
 * longer good. No gateway holds anything to sign with, but the secret of HS256.
 */
export interface TokenKeys {
  /**
   * What checks a token now. While auth is not heard it is made anew for whoever asks; throws a 503
   * when nobody can tell.
   */
  verifier(): VerifyUserToken | Promise<VerifyUserToken>;
  /** Whether tokens of this key are good, as far as is known. */
  isGood(kid: string): boolean;
  onChange(listener: () => void): void;
}

export function createTokenKeys(auth: ServiceClient, feed: AuthFeed, minutes: number): TokenKeys {
  let known: readonly VerificationKey[] | undefined;
  let verify: VerifyUserToken | undefined;
  let changed: () => void = () => undefined;
  feed.tell({
    renewKeys(keys) {
      known = keys;
      verify = createUserTokenVerifier(keys, minutes);
      changed();
    },
    forgetAll() {
      known = undefined;
      verify = undefined;
    },
  });

  const ask = createQuestions(async () => {
    const answer = await auth.ask("userTokenKeys", {});
    if (answer === undefined) throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
    return createUserTokenVerifier(answer.keys, minutes);
  });
  return {
    verifier: () => (feed.isFresh() && verify !== undefined ? verify : ask()),
    isGood: (kid) => known === undefined || known.some((key) => key.kid === kid),
    onChange(listener) {
      changed = listener;
    },
  };
}

/**
 * Asks so that every answer was given after it was asked for, yet one question at a time: who comes
 * while one is under way shares the next.
 */
function createQuestions<T>(question: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function begin(): Promise<T> {
    next = undefined;
    underWay = question().finally(() => {
      if (next === undefined) underWay = undefined;
    });
    return underWay;
  }

  return () => {
    if (underWay === undefined) return begin();
    next ??= underWay.then(begin, begin);
    return next;
  };
}
