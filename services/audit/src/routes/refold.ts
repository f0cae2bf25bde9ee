import { Readable } from "node:stream";
import type { Account, Envelope } from "@countinghouse/contracts";
import { ledgerOf } from "@countinghouse/domain";
import { type Handler, isMoment, malformed, ProblemError } from "@countinghouse/service-kit";
import { createAccountFold } from "@countinghouse/verifier";
import type { LogReader } from "../log-reader.ts";
import { FIRST_LEDGER, type RouteDeps } from "./deps.ts";

/** Events kept from the fold for the answer; of a longer stream they are read once more. */
const KEPT_EVENTS_MAX = 1_000;
const VERSION = /^[1-9][0-9]{0,8}$/;

/** An account folded from the log anew, with all events that it is made of. */
export function handleRefold({ ledgers, log, now }: RouteDeps): Handler<"refoldAccount"> {
  return async ({ params: { accountId }, query }) => {
    const ledger = query.ledger ?? ledgerOf(accountId) ?? FIRST_LEDGER;
    ledgers.find(ledger);
    const isWithin = boundOf(query.at, now());
    const moment = momentOf(query.at, now());
    const found = await refold(log, ledger, accountId, isWithin, moment);
    const isThere = found !== undefined && isReached(query.at, found.account.version);
    if (!isThere) throw new ProblemError("not_found");
    return { status: 200, body: Readable.from(bodyOf(log, ledger, found)) };
  };
}

type Bound = (event: Envelope) => boolean;

/** Which events count, for a moment or a version. Throws a 400 for what is neither. */
function boundOf(at: string | undefined, now: Date): Bound {
  if (at === undefined) return () => true;
  if (VERSION.test(at)) return ({ version }) => version <= Number(at);
  if (!isMoment(at)) throw malformed("?at", "is neither a moment nor a version");
  const moment = new Date(at);
  // The clock of the log may be a little ahead of this one.
  if (moment.getTime() > now.getTime() + CLOCKS_APART_MS) throw malformed("?at", "is to come");
  return ({ recordedAt }) => new Date(recordedAt) <= moment;
}

/** When the account is looked at: holds may be over by then. At a version: as its event left it. */
function momentOf(at: string | undefined, now: Date): string | undefined {
  if (at === undefined) return now.toISOString();
  return VERSION.test(at) ? undefined : new Date(at).toISOString();
}

const CLOCKS_APART_MS = 2_000;

function isReached(at: string | undefined, version: number): boolean {
  return at === undefined || !VERSION.test(at) || version === Number(at);
}

interface Refolded {
  readonly account: Account;
  /** All lines, or undefined where there are too many to keep. */
  readonly lines: readonly string[] | undefined;
}

async function refold(
  log: LogReader,
  ledger: number,
  accountId: string,
  isWithin: Bound,
  moment: string | undefined,
): Promise<Refolded | undefined> {
  const fold = createAccountFold();
  const lines: string[] = [];
  for await (const { event, line } of log.stream(ledger, accountId, 0)) {
    const isFirst = fold.version === 0;
    if (isFirst && event.type !== "AccountOpened") return undefined;
    if (!isWithin(event)) break;
    fold.apply(event);
    if (lines.length <= KEPT_EVENTS_MAX) lines.push(line);
  }
  const account = fold.account(moment);
  if (account === undefined) return undefined;
  return { account, lines: lines.length > KEPT_EVENTS_MAX ? undefined : lines };
}

async function* bodyOf(
  log: LogReader,
  ledger: number,
  { account, lines }: Refolded,
): AsyncGenerator<string> {
  yield `{"account":${JSON.stringify(account)},"events":[`;
  if (lines !== undefined) {
    yield lines.join(",");
  } else {
    for await (const { event, line } of log.stream(ledger, account.accountId, 0)) {
      if (event.version > account.version) break;
      yield event.version === 1 ? line : `,${line}`;
    }
  }
  yield "]}";
}
