import { operations } from "@countinghouse/contracts";
import { decimalsOf, openAccount } from "@countinghouse/domain";
import { type Call, type Handler, malformed, ProblemError } from "@countinghouse/service-kit";
import type { Command, Outcome } from "../command.ts";
import { commandOf, eventOf, FIRST_LEDGER } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";

const NOT_FOUND: Outcome = { kind: "refused", code: "not_found" };

/** Opening accounts: one's own, or as a teller anybody's and in any ledger. */
export function openAccountRoute(deps: RouteDeps): Handler<"openAccount"> {
  return async (call) => {
    const { body, scope } = call;
    if (decimalsOf(body.currency) === undefined) throw malformed("/currency", "is not known");
    const namesMore = body.ownerId !== undefined || body.ledger !== undefined;
    if (namesMore && scope.kind === "own") throw new ProblemError("forbidden");
    // Whether there is such an owner is for auth to say, which a repeat does not depend on.
    const common = commandOf(operations.openAccount, call);
    const kept = namesMore ? await deps.kept(common) : undefined;
    return kept ?? deps.execute(await opening(call, deps));
  };
}

async function opening(
  call: Call<typeof operations.openAccount>,
  { ledgers, userExists, newId }: RouteDeps,
): Promise<Command> {
  const { body, principal } = call;
  const common = commandOf(operations.openAccount, call);
  const ownerId = body.ownerId?.toLowerCase() ?? principal.userId;
  const ledger = body.ledger ?? FIRST_LEDGER;
  const isOwnerThere = body.ownerId === undefined || (await userExists(ownerId));
  if (!isOwnerThere || !(await ledgers.exists(ledger))) {
    return { ...common, ledger: FIRST_LEDGER, reads: [], decide: () => NOT_FOUND };
  }
  const accountId = newId(ledger);
  const { type: accountType, currency, name } = body;
  const named = name !== undefined && { name };
  return {
    ...common,
    ledger,
    reads: [{ category: "account", ledger, streamId: accountId }],
    decide() {
      const decision = openAccount({ ownerId, accountType, currency, ...named });
      if (decision.kind === "refused") return decision;
      const events = new Map([[0, [eventOf(decision.facts)]]]);
      return { kind: "accepted", status: 201, body: { accountId, version: 1 }, events };
    },
  };
}
