import { type Handlers, ProblemError, unauthenticated } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { proving } from "../guesses.ts";
import { findUser } from "../users.ts";

/** The caller's second factor. */
export function mfaRoutes({ db, secondFactor, guesses }: RouteDeps) {
  return {
    async beginTotp({ principal: { userId } }) {
      const user = await findUser(db, userId);
      if (user === undefined) throw unauthenticated();
      return { status: 200, body: await secondFactor.begin(db, user) };
    },

    async confirmTotp({ principal: { userId }, body: { otp } }) {
      let recoveryCodes: string[] | undefined;
      await proving(guesses, userId, async (first) => {
        await first();
        recoveryCodes = await db.transaction().execute((transaction) => {
          return secondFactor.confirm(transaction, userId, otp);
        });
        return recoveryCodes !== undefined;
      });
      if (recoveryCodes === undefined) throw new ProblemError("wrong_otp");
      return { status: 200, body: { recoveryCodes } };
    },

    async stopTotp({ principal: { userId }, body: { otp } }) {
      const isRight = await proving(guesses, userId, async (first) => {
        await first();
        return secondFactor.spend(db, userId, otp);
      });
      if (!isRight) throw new ProblemError("wrong_otp");
      await db.transaction().execute((transaction) => secondFactor.remove(transaction, userId));
      return { status: 204 };
    },
  } satisfies Partial<Handlers<"auth">>;
}
