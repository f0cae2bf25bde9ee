import { operations } from "@countinghouse/contracts";
import { proposeAdjustment } from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { NO_STREAM } from "../aggregates.ts";
import { accountOf } from "../domain-aggregates.ts";
import { amountOf, byOf, commandOf, FIRST_LEDGER, following } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { ABSENT } from "./on-account.ts";

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
  const { transactionId, transferId } = (found?.data ?? {}) as Posting;
  const mark = transferId && (await deps.ledgers.find("transfer", transferId));
  const proposalId = deps.newId(home?.ledger ?? FIRST_LEDGER);
  const command = {
    ...{ by: byOf(call.scope), when: deps.when(), proposalId, direction, amount: asked, reason },
    ...(reference !== undefined && { reference }),
    proposedBy: call.principal.userId,
  };
  return deps.execute({
    ...commandOf(operations.proposeAdjustment, call),
    ledger: home?.ledger ?? FIRST_LEDGER,
    reads: [home, mark].filter((read) => typeof read === "object"),
    decide([stream = NO_STREAM, transfer]) {
      if (transactionId === undefined) return ABSENT;
      const about = { corrects: { version, transactionId }, isReversed: !!transfer?.state };
      const decision = proposeAdjustment({ ...command, ...about }, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const { events } = following(stream, [decision.facts]);
      return {
        kind: "accepted",
        status: 202,
        body: { proposalId },
        events: new Map([[0, events]]),
      };
    },
  });
}

/** What is looked at of the event that is corrected; no posting has no transactionId. */
interface Posting {
  readonly transactionId?: string;
  readonly transferId?: string;
}
