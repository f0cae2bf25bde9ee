import { randomUUIDv7 } from "node:crypto";
import { operations } from "@countinghouse/contracts";
import { deposit, moneyText, withdraw } from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { AGGREGATES, accountOf } from "../domain-aggregates.ts";
import { amountOf, byOf, commandOf, eventOf } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { onAccount } from "./on-account.ts";

/** Money in and out of the bank. */
export function postingRoutes(deps: RouteDeps) {
  return {
    deposit: (call) => post(call, operations.deposit, deposit, deps),
    withdraw: (call) => post(call, operations.withdraw, withdraw, deps),
  } satisfies { deposit: Handler<"deposit">; withdraw: Handler<"withdraw"> };
}

type PostingOperation = typeof operations.deposit | typeof operations.withdraw;

async function post(
  call: Call<PostingOperation>,
  operation: PostingOperation,
  decide: typeof deposit,
  { execute, ledgers }: RouteDeps,
) {
  const { accountId } = call.params;
  const { amount, reference } = call.body;
  const transactionId = randomUUIDv7();
  const command = {
    by: byOf(call.scope),
    transactionId,
    amount: amountOf(amount),
    ...(reference !== undefined && { reference }),
  };
  return execute({
    ...commandOf(operation, call),
    ...(await onAccount(ledgers, accountId, (stream) => {
      const decision = decide(command, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const event = eventOf(decision.facts);
      const after = accountOf({ state: AGGREGATES.account.evolve(stream.state, event) });
      const balance = moneyText(after?.balance ?? 0n, command.amount.currency);
      const version = stream.version + 1;
      const body = { transactionId, accountId, version, balance, available: balance };
      return { kind: "accepted", status: 201, body, events: new Map([[0, [event]]]) };
    })),
  });
}
