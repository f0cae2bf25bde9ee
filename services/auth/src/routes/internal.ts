import { type Handlers, ProblemError } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { proving } from "../guesses.ts";
import { checkSession } from "../sessions.ts";
import { findUser } from "../users.ts";

/** What other services ask. */
export function internalRoutes({ db, feed, keys, secondFactor, guesses }: RouteDeps) {
  return {
    async checkSession({ params: { sessionId } }) {
      const found = await checkSession(db, sessionId);
      if (found === undefined) throw new ProblemError("not_found");
      return { status: 200, body: found };
    },

    async userTokenKeys() {
      await keys.load();
      return { status: 200, body: { keys: keys.verificationKeys() } };
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
      const isGood = await proving(guesses, userId, async (first) => {
        await first();
        return secondFactor.spend(db, userId, otp);
      }).catch((error: unknown) => {
        if (error instanceof ProblemError && error.code === "rate_limited") return false;
        throw error;
      });
      return { status: 200, body: { outcome: isGood ? "accepted" : "refused" } };
    },

    async userExists({ params: { userId } }) {
      const user = await findUser(db, userId);
      if (user === undefined) throw new ProblemError("not_found");
      return { status: 200, body: { userId } };
    },
  } satisfies Partial<Handlers<"auth">>;
}
