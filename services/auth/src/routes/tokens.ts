import { type Handlers, ProblemError, userTokenKeySet } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { logIn } from "../login.ts";
import { unauthorized } from "../problems.ts";
import { rotate } from "../rotation.ts";
import { changeSessions, endSession } from "../sessions.ts";
import { findByEmail, insertUser } from "../users.ts";

/** How a person comes in, stays in, and leaves. */
export function tokenRoutes(deps: RouteDeps) {
  const { db, feed, keys, passwords, policy, refreshTokens, issue } = deps;
  return {
    async register({ body: { email, password, fullName } }) {
      await policy.check(password, { email, fullName, mfa: false }, "/password");
      // Asked first, so that a taken e-mail costs no hashing; the insert decides.
      if (await findByEmail(db, email)) throw new ProblemError("email_taken");
      const passwordHash = await passwords.hash(password);
      const userId = await insertUser(db, { email, fullName, passwordHash, roles: ["customer"] });
      if (userId === undefined) throw new ProblemError("email_taken");
      return { status: 201, body: { userId } };
    },

    async login({ body: { email, password, otp }, headers, clientAddress }) {
      const request = { email, password, otp, headers, clientAddress };
      return { status: 200, body: await logIn(deps, request) };
    },

    async refresh({ body: { refreshToken } }) {
      const rotation = await changeSessions(db, feed, (transaction) => {
        return rotate(transaction, refreshTokens, refreshToken);
      });
      if (rotation === undefined) throw unauthorized("invalid_refresh_token");
      return { status: 200, body: issue(rotation.session, rotation.refreshToken) };
    },

    async logout({ principal: { userId, sessionId } }) {
      await changeSessions(db, feed, async (transaction) => {
        return { value: undefined, sessions: await endSession(transaction, userId, sessionId) };
      });
      return { status: 204 };
    },

    jwks: () => ({ status: 200, body: userTokenKeySet(keys.verificationKeys()) }),
  } satisfies Partial<Handlers<"auth">>;
}
