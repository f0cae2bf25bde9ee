import { type Handlers, ProblemError } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { accountHash, proofHash } from "../guesses.ts";
import { changeSessions, endSessionsOf, liveSessionsOf } from "../sessions.ts";
import { findUser, selectUsers, showUser, updateUser } from "../users.ts";

const LIST = "users";

/** Users, for administrators. */
export function userRoutes({ db, feed, guesses, pages }: RouteDeps) {
  return {
    async listUsers({ query }) {
      const place = pages.place(LIST, query);
      const rows = await selectUsers(db, place, query.email);
      return { status: 200, body: pages.cut(LIST, place, rows, showUser) };
    },

    async setRoles({ params: { userId }, body: { roles } }) {
      const user = await changeSessions(db, feed, async (transaction) => {
        const value = await updateUser(transaction, userId, { roles });
        return { value, sessions: await liveSessionsOf(transaction, userId) };
      });
      return { status: 200, body: showUser(user) };
    },

    /** Ends the user's sessions for good: enabled again, the user has to log in. */
    async disableUser({ params: { userId } }) {
      const user = await changeSessions(db, feed, async (transaction) => {
        const value = await updateUser(transaction, userId, { status: "disabled" });
        return { value, sessions: await endSessionsOf(transaction, userId) };
      });
      return { status: 200, body: showUser(user) };
    },

    async enableUser({ params: { userId } }) {
      return { status: 200, body: showUser(await updateUser(db, userId, { status: "active" })) };
    },

    async unlockUser({ params: { userId } }) {
      const user = await findUser(db, userId);
      if (user === undefined) throw new ProblemError("not_found");
      await guesses.forget([accountHash(user.email_key), proofHash(userId)]);
      return { status: 200, body: showUser({ ...user, locked: false }) };
    },
  } satisfies Partial<Handlers<"auth">>;
}
