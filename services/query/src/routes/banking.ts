import { type LimitsShown, PAGE_LIMIT } from "@countinghouse/contracts";
import { moneyText } from "@countinghouse/domain";
import { dayIn, type Handler, ProblemError, pageOf } from "@countinghouse/service-kit";
import { type AccountRow, getAccount } from "../projections/accounts/queries.ts";
import { getCard, listCards, showCard } from "../projections/cards/queries.ts";
import {
  getHold,
  listHolds,
  type Overdue,
  overdueHolds,
  showHold,
} from "../projections/holds/queries.ts";
import { listProposals, showProposal } from "../projections/proposals/queries.ts";
import { readFor } from "./consistent-read.ts";
import type { RouteDeps } from "./deps.ts";

type Names = "listHolds" | "getHold" | "getLimits" | "listProposals" | "listCards" | "getCard";

/** What is read of holds, limits and cards. */
export function bankingRoutes(deps: RouteDeps): { [Name in Names]: Handler<Name> } {
  return {
    ...holdRoutes(deps),
    ...cardRoutes(deps),
    async getLimits(call) {
      const { scope, params } = call;
      const now = deps.now();
      const { account, overdue } = await readFor(deps, call, async (tx) => {
        const account = await getAccount(tx, scope, params.accountId);
        return { account, overdue: await overdueHolds(tx, [account.account_id], now) };
      });
      const today = dayIn(deps.timeZone, now);
      return { status: 200, body: showLimits(account, overdue, today, deps.timeZone) };
    },
    async listProposals(call) {
      const { status, limit = PAGE_LIMIT.usual, cursor: place } = call.query;
      const cursor = deps.cursors(["listProposals", status]);
      const before = cursor.open(place)?.toString("ascii");
      if (before === undefined) await untilLatest(deps, call.closing);
      const rows = await readFor(deps, call, (tx) => listProposals(tx, status, before, limit + 1));
      const keyOf = (last: { proposal_id: string }) => Buffer.from(last.proposal_id, "ascii");
      return { status: 200, body: pageOf(rows, limit, cursor, keyOf, showProposal) };
    },
  };
}

/**
 * Who decides on proposals sees what others have done, and has no token of theirs. Nobody was
 * promised it, so what keeps it from coming in time keeps nobody from the rest.
 */
async function untilLatest(deps: RouteDeps, closing: AbortSignal): Promise<void> {
  try {
    await deps.waitingRoom.waitFor(await deps.latestProposals(), closing);
  } catch (error) {
    if (!(error instanceof ProblemError && error.code === "unavailable")) throw error;
  }
}

function holdRoutes(deps: RouteDeps): { [Name in "listHolds" | "getHold"]: Handler<Name> } {
  return {
    async listHolds(call) {
      const { scope, params } = call;
      const { limit = PAGE_LIMIT.usual, cursor: place } = call.query;
      const cursor = deps.cursors(["listHolds", params.accountId]);
      const before = cursor.open(place)?.toString("ascii");
      const rows = await readFor(deps, call, async (tx) => {
        const { account_id } = await getAccount(tx, scope, params.accountId);
        return listHolds(tx, account_id, before, limit + 1);
      });
      const now = deps.now();
      const keyOf = (last: { hold_id: string }) => Buffer.from(last.hold_id, "ascii");
      const body = pageOf(rows, limit, cursor, keyOf, (row) => showHold(row, now));
      return { status: 200, body };
    },
    async getHold(call) {
      const row = await readFor(deps, call, (tx) => getHold(tx, call.scope, call.params.holdId));
      return { status: 200, body: showHold(row, deps.now()) };
    },
  };
}

function cardRoutes(deps: RouteDeps): { [Name in "listCards" | "getCard"]: Handler<Name> } {
  return {
    async listCards(call) {
      const { scope } = call;
      const { limit = PAGE_LIMIT.usual, cursor: place } = call.query;
      const whose = scope.kind === "own" ? scope.userId : undefined;
      const cursor = deps.cursors(["listCards", whose]);
      const before = cursor.open(place)?.toString("ascii");
      const rows = await readFor(deps, call, (tx) => listCards(tx, scope, before, limit + 1));
      const keyOf = (last: { card_id: string }) => Buffer.from(last.card_id, "ascii");
      return { status: 200, body: pageOf(rows, limit, cursor, keyOf, showCard) };
    },
    async getCard(call) {
      const row = await readFor(deps, call, (tx) => getCard(tx, call.scope, call.params.cardId));
      return { status: 200, body: showCard(row) };
    },
  };
}

const MONTH_LENGTH = "2026-11".length;

/** The sums in the account's row are those of its last day; other days and months begin at zero. */
function showLimits(
  { limits, currency, used_day, used_today_minor, used_month_minor }: AccountRow,
  overdue: readonly Overdue[],
  today: string,
  timeZone: string,
): LimitsShown {
  // A clock that is behind that of a command does not make what it did undone.
  const day = used_day !== null && used_day > today ? used_day : today;
  const monthOf = (one: string) => one.slice(0, MONTH_LENGTH);
  const over = (counts: (placedOn: string) => boolean) => {
    const counted = overdue.filter(({ placed_on }) => counts(placed_on));
    return counted.reduce((sum, { minor }) => sum + minor, 0n);
  };
  const isToday = used_day === day;
  const isThisMonth = used_day !== null && monthOf(used_day) === monthOf(day);
  const usedToday = isToday ? BigInt(used_today_minor) - over((one) => one === day) : 0n;
  const usedThisMonth = isThisMonth
    ? BigInt(used_month_minor) - over((one) => monthOf(one) === monthOf(day))
    : 0n;
  return {
    ...(limits !== null && JSON.parse(limits)),
    usedToday: moneyText(usedToday, currency),
    usedThisMonth: moneyText(usedThisMonth, currency),
    timeZone,
  };
}
