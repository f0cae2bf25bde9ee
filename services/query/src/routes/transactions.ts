import { PAGE_LIMIT } from "@countinghouse/contracts";
import { type Handler, malformed, pageOf } from "@countinghouse/service-kit";
import { getAccount } from "../projections/accounts/queries.ts";
import {
  type EntryFilter,
  type EntryKey,
  type EntryRow,
  listEntries,
  showEntry,
} from "../projections/entries/queries.ts";
import { readFor } from "./consistent-read.ts";
import type { RouteDeps } from "./deps.ts";

export function handleListTransactions(deps: RouteDeps): Handler<"listTransactions"> {
  return async (call) => {
    const { scope, params } = call;
    const { limit = PAGE_LIMIT.usual, cursor: place, ...filter } = call.query;
    checkRange(filter);
    const { from, to, type, minAmount, maxAmount, q } = filter;
    const filters = [from, to, type, minAmount, maxAmount, q];
    const cursor = deps.cursors(["listTransactions", params.accountId, ...filters]);
    const before = decodeKey(cursor.open(place));
    const [{ currency }, rows] = await readFor(deps, call, (tx) => {
      const account = getAccount(tx, scope, params.accountId);
      const list = ({ currency }: { currency?: string }) => {
        const history = { account_id: params.accountId, currency };
        return listEntries(tx, history, filter, before, limit + 1);
      };
      // Amounts have to wait for their currency; all else is asked for together.
      const hasAmounts = minAmount !== undefined || maxAmount !== undefined;
      return Promise.all([account, hasAmounts ? account.then(list) : list({})]);
    });
    const show = (row: EntryRow) => showEntry(row, currency);
    return { status: 200, body: pageOf(rows, limit, cursor, encodeKey, show) };
  };
}

function checkRange({ from, to }: EntryFilter): void {
  if (from !== undefined && to !== undefined && Date.parse(from) > Date.parse(to)) {
    throw malformed("?to", "is before from");
  }
}

function encodeKey({ recorded_at, version }: EntryRow): Buffer {
  const key = Buffer.alloc(12);
  key.writeBigInt64BE(BigInt(recorded_at.valueOf()));
  key.writeUInt32BE(version, 8);
  return key;
}

function decodeKey(key: Buffer | undefined): EntryKey | undefined {
  if (key === undefined) return undefined;
  return { recordedAtMs: Number(key.readBigInt64BE()), version: key.readUInt32BE(8) };
}
