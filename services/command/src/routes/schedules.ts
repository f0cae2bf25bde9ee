import { operations, PAGE_LIMIT } from "@countinghouse/contracts";
import {
  cancelSchedule,
  ledgerOf,
  type ScheduleTransfer,
  scheduleTransfer,
} from "@countinghouse/domain";
import type { ScheduleBook } from "@countinghouse/event-store";
import {
  type Call,
  type ConsistencyTokens,
  type Cursors,
  type Handler,
  malformed,
  ProblemError,
  pageOf,
} from "@countinghouse/service-kit";
import { NO_STREAM } from "../aggregates.ts";
import type { Command, Outcome } from "../command.ts";
import { accountOf, scheduleOf } from "../domain-aggregates.ts";
import { amountOf, byOf, commandOf, eventOf, FIRST_LEDGER } from "../prepare.ts";
import { currentState } from "../schedules/current-state.ts";
import { HISTORY_EVENTS, showSchedule } from "../schedules/show.ts";
import { checkToken } from "./check-token.ts";
import type { RouteDeps } from "./deps.ts";

export interface ScheduleDeps extends RouteDeps {
  readonly book: ScheduleBook;
  readonly tokens: ConsistencyTokens;
  readonly cursors: Cursors;
}

type Handlers = {
  [Name in "scheduleTransfer" | "listSchedules" | "getSchedule" | "cancelSchedule"]: Handler<Name>;
};

/** Transfers to come: ordered, looked at, cancelled. */
export function scheduleRoutes(deps: ScheduleDeps): Handlers {
  return {
    scheduleTransfer: async (call) => deps.execute(await scheduling(call, deps)),
    listSchedules: listRoute(deps),
    getSchedule: getRoute(deps),
    cancelSchedule: async (call) => deps.execute(await cancelling(call, deps)),
  };
}

const NOT_FOUND: Outcome = { kind: "refused", code: "not_found" };

async function scheduling(
  call: Call<typeof operations.scheduleTransfer>,
  { ledgers, newId, when }: ScheduleDeps,
): Promise<Command> {
  const { amount, reference, firstOn, every, count } = call.body;
  if (count !== undefined && every === undefined) throw malformed("/count", "needs every");
  const fromAccountId = call.body.fromAccountId.toLowerCase();
  const toAccountId = call.body.toAccountId.toLowerCase();
  const order: ScheduleTransfer = {
    ...{ by: byOf(call.scope), fromAccountId, toAccountId, amount: amountOf(amount), firstOn },
    ...(reference !== undefined && { reference }),
    ...(every !== undefined && { every }),
    ...(count !== undefined && { count }),
    today: when().day,
  };
  const common = commandOf(operations.scheduleTransfer, call);
  const from = await ledgers.find("account", fromAccountId);
  const to = await ledgers.find("account", toAccountId);
  if (from === undefined || to === undefined) {
    return { ...common, ledger: FIRST_LEDGER, reads: [], decide: () => NOT_FOUND };
  }
  const { ledger } = from;
  const scheduleId = newId(ledger);
  return {
    ...common,
    ledger,
    reads: [from, to, { category: "schedule", ledger, streamId: scheduleId }],
    decide([payer, receiver]) {
      const decision = scheduleTransfer(order, accountOf(payer), accountOf(receiver));
      if (decision.kind === "refused") return decision;
      const events = new Map([[2, [eventOf(decision.facts)]]]);
      return { kind: "accepted", status: 201, body: { scheduleId }, events };
    },
  };
}

async function cancelling(
  call: Call<typeof operations.cancelSchedule>,
  { ledgers }: ScheduleDeps,
): Promise<Command> {
  const found = await ledgers.find("schedule", call.params.scheduleId);
  return {
    ...commandOf(operations.cancelSchedule, call),
    ledger: found?.ledger ?? FIRST_LEDGER,
    reads: found === undefined ? [] : [found],
    decide([stream = NO_STREAM]) {
      const decision = cancelSchedule({ by: byOf(call.scope) }, scheduleOf(stream));
      if (decision.kind === "refused") return decision;
      const events = decision.facts.map(eventOf);
      const all = new Map(events.length === 0 ? [] : [[0, events]]);
      return { kind: "accepted", status: 204, body: null, events: all };
    },
  };
}

function listRoute({ book, store, tokens, cursors }: ScheduleDeps): Handler<"listSchedules"> {
  return async ({ scope, query, headers }) => {
    checkToken(headers, tokens);
    const limit = query.limit ?? PAGE_LIMIT.usual;
    const whose = scope.kind === "own" ? scope.userId : undefined;
    const cursor = cursors(["listSchedules", whose]);
    const after = cursor.open(query.cursor)?.toString("ascii");
    const ids = await book.list(whose, after, limit + 1);
    const rows = await book.histories(ids, HISTORY_EVENTS);
    const shown = await Promise.all(
      rows.map(async (row) => showSchedule(row, await currentState(row, store))),
    );
    const keyOf = ({ scheduleId }: { scheduleId: string }) => Buffer.from(scheduleId, "ascii");
    return { status: 200, body: pageOf(shown, limit, cursor, keyOf, (one) => one) };
  };
}

function getRoute({ book, store, tokens }: ScheduleDeps): Handler<"getSchedule"> {
  return async ({ scope, params, headers }) => {
    checkToken(headers, tokens);
    const isOurs = ledgerOf(params.scheduleId) !== undefined;
    const [row] = isOurs ? await book.histories([params.scheduleId], HISTORY_EVENTS) : [];
    if (row === undefined) throw new ProblemError("not_found");
    const schedule = await currentState(row, store);
    const isVisible = scope.kind === "any" || schedule.ownerId === scope.userId;
    if (!isVisible) throw new ProblemError("not_found");
    return { status: 200, body: showSchedule(row, schedule) };
  };
}
