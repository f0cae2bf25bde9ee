import { operations } from "@countinghouse/contracts";
import {
  type Account,
  type AccountEvent,
  close,
  type Decision,
  freeze,
  unfreeze,
} from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { accountOf } from "../domain-aggregates.ts";
import { byOf, commandOf, eventOf } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { onAccount } from "./on-account.ts";

type Handlers = {
  [Name in "freezeAccount" | "unfreezeAccount" | "closeAccount"]: Handler<Name>;
};

/** Freezing, unfreezing and closing accounts. */
export function statusRoutes(deps: RouteDeps): Handlers {
  return {
    freezeAccount(call) {
      const command = { by: byOf(call.scope), reason: call.body.reason };
      return change(call, operations.freezeAccount, "frozen", deps, (account) => {
        return freeze(command, account);
      });
    },
    unfreezeAccount(call) {
      const command = { by: byOf(call.scope), reason: call.body.reason };
      return change(call, operations.unfreezeAccount, "open", deps, (account) => {
        return unfreeze(command, account);
      });
    },
    closeAccount(call) {
      const command = { by: byOf(call.scope), when: deps.when() };
      return change(call, operations.closeAccount, "closed", deps, (account) => {
        return close(command, account);
      });
    },
  };
}

type StatusOperation =
  | typeof operations.freezeAccount
  | typeof operations.unfreezeAccount
  | typeof operations.closeAccount;

async function change<Op extends StatusOperation>(
  call: Call<Op>,
  operation: Op,
  status: Account["status"],
  { execute, ledgers }: RouteDeps,
  decide: (account: Account | undefined) => Decision<AccountEvent | readonly AccountEvent[]>,
) {
  const { accountId } = call.params as { accountId: string };
  return execute({
    ...commandOf(operation, call as Call<StatusOperation>),
    ...(await onAccount(ledgers, accountId, (stream) => {
      const decision = decide(accountOf(stream));
      if (decision.kind === "refused") return decision;
      const facts = [decision.facts].flat();
      const body = { accountId, version: stream.version + facts.length, status };
      const events = new Map([[0, facts.map(eventOf)]]);
      return { kind: "accepted", status: 200, body, events };
    })),
  });
}
