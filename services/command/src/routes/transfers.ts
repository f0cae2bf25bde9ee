import { randomUUIDv7 } from "node:crypto";
import { operations } from "@countinghouse/contracts";
import {
  type AccountEvent,
  ledgerOf,
  type ReversalSent,
  type ReversedTransfer,
  reverse,
  type TransferSent,
  transfer,
  type When,
} from "@countinghouse/domain";
import type { Handler } from "@countinghouse/service-kit";
import { NO_STREAM, type Stream } from "../aggregates.ts";
import type { Outcome, Read } from "../command.ts";
import { accountOf, tariffOf } from "../domain-aggregates.ts";
import {
  amountOf,
  availableWith,
  balanceAfter,
  byOf,
  commandOf,
  eventOf,
  FIRST_LEDGER,
} from "../prepare.ts";
import { tariffRead } from "../tariff-read.ts";
import type { RouteDeps } from "./deps.ts";

type Handlers = { [Name in "transfer" | "reverseTransfer"]: Handler<Name> };

/** Money between two accounts, and back. */
export function transferRoutes(deps: RouteDeps): Handlers {
  return { transfer: transferRoute(deps), reverseTransfer: reversalRoute(deps) };
}

function transferRoute({ execute, ledgers, newId, when }: RouteDeps): Handler<"transfer"> {
  return async (call) => {
    const { amount, reference } = call.body;
    const fromAccountId = call.body.fromAccountId.toLowerCase();
    const toAccountId = call.body.toAccountId.toLowerCase();
    const from = await ledgers.find("account", fromAccountId);
    const to = await ledgers.find("account", toAccountId);
    const ledger = from?.ledger ?? FIRST_LEDGER;
    const transferId = newId(ledger);
    const command = {
      ...{ by: byOf(call.scope), when: when() },
      ...{ transferId, fromAccountId, toAccountId },
      debitId: randomUUIDv7(),
      creditId: randomUUIDv7(),
      feeId: randomUUIDv7(),
      amount: amountOf(amount),
      ...(reference !== undefined && { reference }),
    };
    return execute({
      ...commandOf(operations.transfer, call),
      ledger,
      reads: present([from, to, tariffRead(ledger)]),
      decide(view) {
        const [payer, receiver, tariff] = placed(view, [from, to, tariffRead(ledger)]);
        const [one, other] = [accountOf(payer), accountOf(receiver)];
        const decision = transfer(command, one, other, tariffOf(tariff));
        if (decision.kind === "refused") return decision;
        const { expired, sent, received, fee } = decision.facts;
        return moved(
          transferId,
          { facts: [...expired, sent, ...fee], stream: payer, accountId: fromAccountId },
          { facts: [received], stream: receiver, accountId: toAccountId },
          command.when,
        );
      },
    });
  };
}

function reversalRoute({ execute, ledgers, store, newId, when }: RouteDeps) {
  const handler: Handler<"reverseTransfer"> = async (call) => {
    const { transferId } = call.params;
    const home = ledgerOf(transferId) ?? 0;
    const found = home > 0 ? await store.findTransfer(home, transferId) : undefined;
    const original = found as unknown as TransferSent | ReversalSent | undefined;
    const ledger = original === undefined ? FIRST_LEDGER : home;
    const { fromAccountId = "", toAccountId = "" } = original?.data ?? {};
    const receiver = await ledgers.find("account", toAccountId);
    const sender = await ledgers.find("account", fromAccountId);
    const mark: Read = { category: "transfer", ledger, streamId: transferId };
    // The reversal is found where its debit is: with the account that pays back.
    const reversalId = newId(receiver?.ledger ?? ledger);
    const [debitId, creditId] = [randomUUIDv7(), randomUUIDv7()];
    const { reason } = call.body;
    const command = { when: when(), reversalId, debitId, creditId, reason };
    return execute({
      ...commandOf(operations.reverseTransfer, call),
      ledger,
      reads: original === undefined ? [] : present([receiver, sender, mark]),
      decide(view) {
        const [from, to, own] = placed(view, [receiver, sender, mark]);
        const reversed = own.state as ReversedTransfer | undefined;
        const decision = reverse(command, original, reversed, accountOf(from), accountOf(to));
        if (decision.kind === "refused") return decision;
        const { expired, sent, received, reversed: done } = decision.facts;
        const legs = moved(
          reversalId,
          { facts: [...expired, sent], stream: from, accountId: toAccountId },
          { facts: [received], stream: to, accountId: fromAccountId },
          command.when,
        );
        return { ...legs, events: new Map([...legs.events, [2, [eventOf(done)]]]) };
      },
    });
  };
  return handler;
}

/** The reads of what there is: a missing account has none. */
function present(reads: readonly (Read | undefined)[]): Read[] {
  return reads.filter((read) => read !== undefined);
}

/** The streams of a view where their reads stand, NO_STREAM where there was none to read. */
function placed<Reads extends readonly (Read | undefined)[]>(
  view: readonly Stream[],
  reads: readonly [...Reads],
): { [Index in keyof Reads]: Stream } {
  let next = 0;
  const streams = reads.map((read) =>
    read === undefined ? NO_STREAM : (view[next++] ?? NO_STREAM),
  );
  return streams as { [Index in keyof Reads]: Stream };
}

interface Leg {
  /** A posting is the last. */
  readonly facts: readonly AccountEvent[];
  readonly stream: Stream;
  readonly accountId: string;
}

function moved(
  transferId: string,
  payer: Leg,
  receiver: Leg,
  when: When,
): Outcome & { kind: "accepted" } {
  const balance = balanceAfter(payer.facts);
  const available = availableWith(accountOf(payer.stream), balance, when);
  const from = { ...placeOf(payer), balance, available };
  const events = new Map([payer, receiver].map(({ facts }, i) => [i, facts.map(eventOf)]));
  const body = { transferId, from, to: placeOf(receiver) };
  return { kind: "accepted", status: 201, body, events };
}

function placeOf({ accountId, stream, facts }: Leg) {
  return { accountId, version: stream.version + facts.length };
}
