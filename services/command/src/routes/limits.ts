import { type LimitsRequest, operations } from "@countinghouse/contracts";
import { type Limits, type MoneyText, moneyText, proposeLimits } from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { accountOf } from "../domain-aggregates.ts";
import { byOf, commandOf, FIRST_LEDGER, following, moneyOf } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { onAccount } from "./on-account.ts";

/** Limits by four eyes: what is proposed here is approved or rejected by another person. */
export function limitRoutes(deps: RouteDeps): { proposeLimits: Handler<"proposeLimits"> } {
  return { proposeLimits: (call) => propose(call, deps) };
}

async function propose(call: Call<typeof operations.proposeLimits>, deps: RouteDeps) {
  const { accountId } = call.params;
  const home = await deps.ledgers.find("account", accountId);
  const proposalId = deps.newId(home?.ledger ?? FIRST_LEDGER);
  const command = {
    ...{ by: byOf(call.scope), when: deps.when(), proposalId },
    limits: limitsOf(call.body),
    proposedBy: call.principal.userId,
  };
  return deps.execute({
    ...commandOf(operations.proposeLimits, call),
    ...(await onAccount(deps.ledgers, accountId, (stream) => {
      const decision = proposeLimits(command, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const { events } = following(stream, [decision.facts]);
      const body = { proposalId };
      return { kind: "accepted", status: 202, body, events: new Map([[0, events]]) };
    })),
  });
}

/** Every amount with the decimals of its currency; throws a 400 that points at what is wrong. */
function limitsOf({ channels, ...own }: LimitsRequest): Limits {
  if (channels === undefined) return capsOf(own, "");
  const entries = Object.entries(channels).map(([way, caps]) => {
    return [way, capsOf(caps, `/channels/${way}`)];
  });
  return { ...capsOf(own, ""), channels: Object.fromEntries(entries) };
}

function capsOf<Caps extends Readonly<Record<string, MoneyText>>>(caps: Caps, at: string): Caps {
  const entries = Object.entries(caps).map(([name, text]) => {
    const { minor, currency } = moneyOf(text, `${at}/${name}`);
    return [name, moneyText(minor, currency)];
  });
  return Object.fromEntries(entries) as Caps;
}
