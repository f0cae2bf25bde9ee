import { PAGE_LIMIT } from "@countinghouse/contracts";
import { type Handler, pageOf } from "@countinghouse/service-kit";
import {
  type AccountRow,
  getAccount,
  listAccounts,
  overdueIn,
  showAccount,
} from "../projections/accounts/queries.ts";
import { readFor } from "./consistent-read.ts";
import type { RouteDeps } from "./deps.ts";

export function handleListAccounts(deps: RouteDeps): Handler<"listAccounts"> {
  return async (call) => {
    const { scope, query } = call;
    const limit = query.limit ?? PAGE_LIMIT.usual;
    const whose = scope.kind === "own" ? scope.userId : undefined;
    const cursor = deps.cursors(["listAccounts", whose]);
    const after = cursor.open(query.cursor)?.toString("ascii");
    const { rows, overdue } = await readFor(deps, call, async (tx) => {
      const rows = await listAccounts(tx, scope, after, limit + 1);
      return { rows, overdue: await overdueIn(tx, rows, deps.now()) };
    });
    const show = (row: AccountRow) => showAccount(row, overdue);
    const keyOf = (last: { account_id: string }) => Buffer.from(last.account_id, "ascii");
    return { status: 200, body: pageOf(rows, limit, cursor, keyOf, show) };
  };
}

export function handleGetAccount(deps: RouteDeps): Handler<"getAccount"> {
  return async (call) => {
    const { scope, params } = call;
    const { row, overdue } = await readFor(deps, call, async (tx) => {
      const row = await getAccount(tx, scope, params.accountId);
      return { row, overdue: await overdueIn(tx, [row], deps.now()) };
    });
    return { status: 200, body: showAccount(row, overdue) };
  };
}
