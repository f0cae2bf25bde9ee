import { type Handlers, ProblemError, unauthenticated } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { requireOtp } from "../second-factor.ts";
import { findUser } from "../users.ts";

/** The caller's second factor. */
export function mfaRoutes({ db, secondFactor }: RouteDeps) {
  return {
    async beginTotp({ principal: { userId } }) {
      const user = await findUser(db, userId);
      if (user === undefined) throw unauthenticated();
      return { status: 200, body: await secondFactor.begin(db, user) };
    },

    async confirmTotp({ principal: { userId }, body: { otp } }) {
      const recoveryCodes = await db.transaction().execute((transaction) => {
        return secondFactor.confirm(transaction, userId, otp);
      });
      if (recoveryCodes === undefined) throw new ProblemError("wrong_otp");
      return { status: 200, body: { recoveryCodes } };
    },

    async stopTotp({ principal: { userId }, body: { otp } }) {
      await db.transaction().execute(async (transaction) => {
        await requireOtp(secondFactor, transaction, userId, otp);
        await secondFactor.remove(transaction, userId);
      });
      return { status: 204 };
    },
  } satisfies Partial<Handlers<"auth">>;
}
