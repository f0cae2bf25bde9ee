import { type Handlers, ProblemError, userTokenKeySet } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { refuseCommon } from "../passwords.ts";
import { unauthorized } from "../problems.ts";
import { rotate } from "../rotation.ts";
import { beginSession, changeSessions, endSession } from "../sessions.ts";
import { userAgentOf } from "../user-agent.ts";
import { findByEmail, insertUser } from "../users.ts";

/** How a person comes in, stays in, and leaves. */
export function tokenRoutes(deps: RouteDeps) {
  const { db, feed, passwords, refreshTokens, issue, config } = deps;
  return {
    async register({ body: { email, password, fullName } }) {
      await refuseCommon(password);
      // Asked first, so that a taken e-mail costs no hashing; the insert decides.
      if (await findByEmail(db, email)) throw new ProblemError("email_taken");
      const passwordHash = await passwords.hash(password);
      const userId = await insertUser(db, { email, fullName, passwordHash, roles: ["customer"] });
      if (userId === undefined) throw new ProblemError("email_taken");
      return { status: 201, body: { userId } };
    },

    async login({ body: { email, password, otp }, headers }) {
      const user = await findByEmail(db, email);
      const isRight = await passwords.verify(user?.password_hash, password);
      // Who is shut out is not told that the password was right.
      if (!isRight || user?.status !== "active") throw unauthorized("invalid_credentials");
      if (user.mfa) await passSecondFactor(deps, user.id, otp);
      const refreshToken = refreshTokens.first();
      const session = await changeSessions(db, feed, (transaction) => {
        return beginSession(transaction, user, userAgentOf(headers), refreshToken);
      });
      if (session === undefined) throw unauthorized("invalid_credentials");
      return { status: 200, body: issue(session, refreshToken) };
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

    jwks: () => ({ status: 200, body: userTokenKeySet(config) }),
  } satisfies Partial<Handlers<"auth">>;
}

async function passSecondFactor(
  { db, secondFactor }: RouteDeps,
  userId: string,
  otp: string | undefined,
): Promise<void> {
  if (otp === undefined) throw unauthorized("otp_required");
  if (!(await secondFactor.spend(db, userId, otp))) throw unauthorized("invalid_otp");
}
