import { operations } from "@countinghouse/contracts";
import { type MoneyAdjusted, proposeAdjustment } from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { accountOf } from "../domain-aggregates.ts";
import { amountOf, byOf, commandOf, FIRST_LEDGER, following } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { ABSENT, onAccount } from "./on-account.ts";

/** Corrections of postings, by four eyes. */
export function adjustmentRoutes(deps: RouteDeps): {
  proposeAdjustment: Handler<"proposeAdjustment">;
} {
  return { proposeAdjustment: (call) => propose(call, deps) };
}

async function propose(call: Call<typeof operations.proposeAdjustment>, deps: RouteDeps) {
  const { accountId } = call.params;
  const { direction, amount, reason, reference, corrects: version } = call.body;
  const asked = amountOf(amount);
  const home = await deps.ledgers.find("account", accountId);
  // A posting never changes, so it may be looked at before the decision.
  const found = home && (await deps.store.findEvent(home, version));
  const { transactionId } = (found?.data ?? {}) as Partial<MoneyAdjusted["data"]>;
  const proposalId = deps.newId(home?.ledger ?? FIRST_LEDGER);
  const command = {
    ...{ by: byOf(call.scope), when: deps.when(), proposalId, direction, amount: asked, reason },
    ...(reference !== undefined && { reference }),
    proposedBy: call.principal.userId,
  };
  return deps.execute({
    ...commandOf(operations.proposeAdjustment, call),
    ...(await onAccount(deps.ledgers, accountId, (stream) => {
      if (transactionId === undefined) return ABSENT;
      const corrects = { version, transactionId };
      const decision = proposeAdjustment({ ...command, corrects }, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const { events } = following(stream, [decision.facts]);
      return {
        kind: "accepted",
        status: 202,
        body: { proposalId },
        events: new Map([[0, events]]),
      };
    })),
  });
}
