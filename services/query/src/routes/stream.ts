import { type Handler, malformed } from "@countinghouse/service-kit";
import type { LiveHub } from "../live/hub.ts";
import { getAccount } from "../projections/accounts/queries.ts";
import { readFor } from "./consistent-read.ts";
import type { RouteDeps } from "./deps.ts";

/** Versions are 32 bits wide; no event has an id beyond. */
const EVENT_ID = /^[1-9][0-9]{0,9}$/;
const VERSION_MAX = 2 ** 31 - 1;

export function handleStreamTransactions(
  deps: RouteDeps,
  live: LiveHub,
): Handler<"streamTransactions"> {
  return async (call) => {
    const { scope, params, headers, principal } = call;
    const resumed = readEventId(headers["last-event-id"]);
    const account = await readFor(deps, call, (tx) => getAccount(tx, scope, params.accountId));
    const body = live.open({
      accountId: account.account_id,
      currency: account.currency,
      userId: principal.userId,
      after: resumed ?? account.version,
    });
    return { status: 200, body };
  };
}

function readEventId(text: string | string[] | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (typeof text === "string" && EVENT_ID.test(text) && Number(text) <= VERSION_MAX) {
    return Number(text);
  }
  throw malformed("Last-Event-ID", "is no event's id");
}
