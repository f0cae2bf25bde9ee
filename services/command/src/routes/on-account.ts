import { NO_STREAM, type Stream } from "../aggregates.ts";
import type { Command, Outcome } from "../command.ts";
import type { Ledgers } from "../ledgers.ts";
import { FIRST_LEDGER } from "../prepare.ts";

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
