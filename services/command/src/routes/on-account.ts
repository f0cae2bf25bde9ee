import type { AccountEvent, Decision, Tariff, When } from "@countinghouse/domain";
import { NO_STREAM, type Stream } from "../aggregates.ts";
import type { Command, Outcome } from "../command.ts";
import { tariffOf } from "../domain-aggregates.ts";
import type { Ledgers } from "../ledgers.ts";
import { FIRST_LEDGER, following, shownMoney } from "../prepare.ts";
import { tariffRead } from "../tariff-read.ts";

/** What a command on a thing comes to that is not there. */
export const ABSENT: Outcome = { kind: "refused", code: "not_found" };

/** The parts of a command that decides on one account, be it there or not. */
export async function onAccount(
  ledgers: Ledgers,
  accountId: string,
  decide: (stream: Stream) => Outcome,
): Promise<Pick<Command, "ledger" | "reads" | "decide">> {
  const read = await ledgers.find("account", accountId);
  return {
    ledger: read?.ledger ?? FIRST_LEDGER,
    reads: read === undefined ? [] : [read],
    decide: ([stream = NO_STREAM]) => decide(stream),
  };
}

/** As onAccount, by what the tariff of the account's ledger says. */
export async function byTariff(
  ledgers: Ledgers,
  accountId: string,
  decide: (stream: Stream, tariff: Tariff | undefined) => Outcome,
): Promise<Pick<Command, "ledger" | "reads" | "decide">> {
  const read = await ledgers.find("account", accountId);
  const ledger = read?.ledger ?? FIRST_LEDGER;
  return {
    ledger,
    reads: read === undefined ? [] : [read, tariffRead(ledger)],
    decide: ([stream = NO_STREAM, tariff]) => decide(stream, tariffOf(tariff)),
  };
}

interface Holding {
  readonly stream: Stream;
  readonly accountId: string;
  readonly holdId: string;
  readonly when: When;
}

/** The answer to what makes a hold, be it by a card or not. */
export function heldOutcome(
  decision: Decision<readonly AccountEvent[]>,
  { stream, accountId, holdId, when }: Holding,
): Outcome {
  if (decision.kind === "refused") return decision;
  const { events, version, account } = following(stream, decision.facts);
  const body = { holdId, accountId, version, ...shownMoney(account, when) };
  return { kind: "accepted", status: 201, body, events: new Map([[0, events]]) };
}
