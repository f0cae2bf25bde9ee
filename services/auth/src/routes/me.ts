import { type Handlers, ProblemError, unauthenticated } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { proving } from "../guesses.ts";
import { changeSessions, endSessionsOf } from "../sessions.ts";
import { findUser, replacePassword } from "../users.ts";

/** The caller's own account. */
export function meRoutes({ db, feed, passwords, policy, guesses }: RouteDeps) {
  return {
    async me({ principal: { userId } }) {
      const user = await findUser(db, userId);
      if (user === undefined) throw unauthenticated();
      const { email, full_name: fullName, roles, mfa } = user;
      return { status: 200, body: { userId, email, fullName, roles, mfa } };
    },

    async changePassword({ principal: { userId, sessionId }, body }) {
      const user = await findUser(db, userId);
      if (user === undefined) throw unauthenticated();
      const owner = { email: user.email, fullName: user.full_name, mfa: user.mfa };
      await policy.check(body.newPassword, owner, "/newPassword");
      const isRight = await proving(guesses, userId, (first) => {
        return passwords.verify(user.password_hash, body.currentPassword, first);
      });
      if (!isRight) throw new ProblemError("wrong_password");
      const newHash = await passwords.hash(body.newPassword);
      await changeSessions(db, feed, async (transaction) => {
        const isDone = await replacePassword(transaction, user, newHash);
        if (!isDone) throw new ProblemError("wrong_password");
        const sessions = await endSessionsOf(transaction, userId, sessionId);
        return { value: undefined, sessions };
      });
      return { status: 204 };
    },
  } satisfies Partial<Handlers<"auth">>;
}
