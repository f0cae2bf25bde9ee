import { type Handlers, ProblemError } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { checkSession } from "../sessions.ts";
import { findUser } from "../users.ts";

/** What other services ask. */
export function internalRoutes({ db, feed, secondFactor }: RouteDeps) {
  return {
    async checkSession({ params: { sessionId } }) {
      const found = await checkSession(db, sessionId);
      if (found === undefined) throw new ProblemError("not_found");
      return { status: 200, body: found };
    },

    followSessionChanges({ query: { follower } }) {
      return { status: 200, body: feed.follow(follower.toLowerCase()) };
    },

    acknowledgeSessionChanges({ body: { follower, seq } }) {
      feed.acknowledge(follower.toLowerCase(), seq);
      return { status: 204 };
    },

    async useOtp({ params: { userId }, body: { otp } }) {
      const user = await findUser(db, userId);
      if (user === undefined) throw new ProblemError("not_found");
      if (!user.mfa) return { status: 200, body: { outcome: "no_mfa" } };
      if (otp === undefined) return { status: 200, body: { outcome: "otp_required" } };
      const isGood = await secondFactor.spend(db, userId, otp);
      return { status: 200, body: { outcome: isGood ? "accepted" : "refused" } };
    },

    async userExists({ params: { userId } }) {
      const user = await findUser(db, userId);
      if (user === undefined) throw new ProblemError("not_found");
      return { status: 200, body: { userId } };
    },
  } satisfies Partial<Handlers<"auth">>;
}
