import { randomUUIDv7 } from "node:crypto";
import { operations } from "@countinghouse/contracts";
import {
  type Account,
  type AccountEvent,
  type Decision,
  deposit,
  type Move,
  type Tariff,
  withdraw,
} from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { accountOf } from "../domain-aggregates.ts";
import { amountOf, availableWith, balanceAfter, byOf, commandOf, eventOf } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { byTariff } from "./on-account.ts";

/** Money in and out of the bank. */
export function postingRoutes(deps: RouteDeps) {
  return {
    deposit: (call) => post(call, operations.deposit, deposit, deps),
    withdraw: (call) => post(call, operations.withdraw, withdraw, deps),
  } satisfies { deposit: Handler<"deposit">; withdraw: Handler<"withdraw"> };
}

type PostingOperation = typeof operations.deposit | typeof operations.withdraw;
type Decide = (
  command: Move,
  state: Account | undefined,
  tariff: Tariff | undefined,
) => Decision<readonly AccountEvent[]>;

async function post(
  call: Call<PostingOperation>,
  operation: PostingOperation,
  decide: Decide,
  { execute, ledgers, when }: RouteDeps,
) {
  const { accountId } = call.params;
  const { amount, reference } = call.body;
  const transactionId = randomUUIDv7();
  const command = {
    ...{ by: byOf(call.scope), when: when(), transactionId, feeId: randomUUIDv7() },
    amount: amountOf(amount),
    ...(reference !== undefined && { reference }),
  };
  return execute({
    ...commandOf(operation, call),
    ...(await byTariff(ledgers, accountId, (stream, tariff) => {
      const decision = decide(command, accountOf(stream), tariff);
      if (decision.kind === "refused") return decision;
      const { facts } = decision;
      const balance = balanceAfter(facts);
      const available = availableWith(accountOf(stream), balance, command.when);
      const version = stream.version + facts.length;
      const body = { transactionId, accountId, version, balance, available };
      return { kind: "accepted", status: 201, body, events: new Map([[0, facts.map(eventOf)]]) };
    })),
  });
}
