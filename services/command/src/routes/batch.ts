import { randomUUIDv7 } from "node:crypto";
import { operations } from "@countinghouse/contracts";
import { type Transfer, transfer } from "@countinghouse/domain";
import type { NewEvent } from "@countinghouse/event-store";
import { type Call, type Handler, malformed, TOKEN_LEDGERS_MAX } from "@countinghouse/service-kit";
import { NO_STREAM, type Stream } from "../aggregates.ts";
import type { Outcome, View } from "../command.ts";
import { AGGREGATES, accountOf, tariffOf } from "../domain-aggregates.ts";
import { amountOf, byOf, commandOf, eventOf, FIRST_LEDGER } from "../prepare.ts";
import { tariffRead } from "../tariff-read.ts";
import type { RouteDeps } from "./deps.ts";

type BatchCall = Call<typeof operations.transferBatch>;
type Mode = "atomic" | "independent";

/** What became of one transfer of a batch. */
type Result =
  | { readonly status: "done"; readonly transferId: string }
  | { readonly status: "refused"; readonly code: string }
  | { readonly status: "not_executed" };

/** Many transfers as one command: one decision, one append, one answer. */
export function batchRoute({ execute, ledgers, newId, when }: RouteDeps): Handler<"transferBatch"> {
  return async (call) => {
    const { mode, transfers } = call.body;
    const now = when();
    const orders = transfers.map((_, i) => ({ ...orderOf(call, i), when: now }));
    const ids = new Set(
      orders.flatMap(({ fromAccountId, toAccountId }) => [fromAccountId, toAccountId]),
    );
    const found = await Promise.all([...ids].map((id) => ledgers.find("account", id)));
    const reads = found.filter((read) => read !== undefined);
    if (new Set(reads.map(({ ledger }) => ledger)).size > TOKEN_LEDGERS_MAX) {
      throw malformed("/transfers", `touch more than ${TOKEN_LEDGERS_MAX} ledgers`);
    }
    const ledger = reads[0]?.ledger ?? FIRST_LEDGER;
    const placeOf = new Map(reads.map(({ streamId }, i) => [streamId, i]));
    const tariffs = [...new Set(reads.map(({ ledger }) => ledger))].map(tariffRead);
    const tariffAt = new Map(tariffs.map((read, i) => [read.ledger, reads.length + i]));
    const commands = orders.map((order) => {
      const home = reads[placeOf.get(order.fromAccountId) ?? -1]?.ledger ?? ledger;
      return { ...order, transferId: newId(home), tariffAt: tariffAt.get(home) ?? -1 };
    });
    return execute({
      ...commandOf(operations.transferBatch, call),
      ledger,
      reads: [...reads, ...tariffs],
      decide: (view) => decideAll(mode, commands, placeOf, view),
    });
  };
}

function orderOf(call: BatchCall, i: number): Omit<Transfer, "transferId" | "when"> {
  const given = call.body.transfers[i];
  if (given === undefined) throw new RangeError("no such transfer");
  const { reference } = given;
  return {
    by: byOf(call.scope),
    debitId: randomUUIDv7(),
    creditId: randomUUIDv7(),
    feeId: randomUUIDv7(),
    fromAccountId: given.fromAccountId.toLowerCase(),
    toAccountId: given.toAccountId.toLowerCase(),
    amount: amountOf(given.amount, `/transfers/${i}`),
    ...(reference !== undefined && { reference }),
  };
}

interface Ordered extends Transfer {
  /** Where the view has the tariff of the payer's ledger. */
  readonly tariffAt: number;
}

/**
 * Decides the transfers in their order, each on what those before it left. Independent ones are
 * refused each for itself; of atomic ones the first refusal leaves all undone.
 */
function decideAll(
  mode: Mode,
  commands: readonly Ordered[],
  placeOf: ReadonlyMap<string, number>,
  view: View,
): Outcome {
  const streams: Stream[] = [...view];
  const events = new Map<number, NewEvent[]>();
  const results: Result[] = [];
  const record = (place: number, event: NewEvent) => {
    const { version, state } = streams[place] ?? NO_STREAM;
    streams[place] = { version: version + 1, state: AGGREGATES.account.evolve(state, event) };
    const before = events.get(place);
    if (before === undefined) events.set(place, [event]);
    else before.push(event);
  };
  for (const command of commands) {
    const [from = -1, to = -1] = [
      placeOf.get(command.fromAccountId),
      placeOf.get(command.toAccountId),
    ];
    const tariff = tariffOf(view[command.tariffAt]);
    const decision = transfer(command, accountOf(streams[from]), accountOf(streams[to]), tariff);
    if (decision.kind === "accepted") {
      const { expired, sent, fee } = decision.facts;
      for (const fact of [...expired, sent, ...fee]) record(from, eventOf(fact));
      record(to, eventOf(decision.facts.received));
      results.push({ status: "done", transferId: command.transferId });
    } else if (mode === "atomic") return undone(commands.length, results.length, decision.code);
    else results.push({ status: "refused", code: decision.code });
  }
  return { kind: "accepted", status: 200, body: { results }, events };
}

function undone(count: number, refused: number, code: string): Outcome {
  const results = Array.from({ length: count }, (_, i): Result => {
    return i === refused ? { status: "refused", code } : { status: "not_executed" };
  });
  return { kind: "accepted", status: 200, body: { results }, events: new Map() };
}
