import { PROPOSALS_MAX } from "@countinghouse/domain";
import type { ConsistencyTokens } from "@countinghouse/service-kit";
import type pg from "pg";
import type { Answer } from "./instances.ts";
import {
  cardRefusal,
  centsOf,
  exceeds,
  isWithin,
  NOTHING_SPENT,
  type Spending,
  type SpendingData,
  spendingAfter,
} from "./limits-model.ts";

/** A command that was sent, in the words of the model. */
export interface Order {
  readonly key: string;
  readonly path: string;
  readonly body: object;
  readonly kind: keyof typeof EVENTS;
  readonly method?: "POST" | "PUT";
  /** Another person than usual. */
  readonly as?: string;
  /** Of a capture or a release. */
  readonly holdId?: string;
  readonly cardId?: string;
  readonly proposalId?: string;
  /** Whose money goes, or whose account it is about. */
  readonly accountId: string;
  /** In cents; 0 where no money moves. */
  readonly cents: number;
}

interface Logged {
  readonly ledger: number;
  readonly position: number;
  readonly streamId: string;
  readonly version: number;
  readonly type: string;
  readonly data: SpendingData & {
    readonly balanceAfter?: { readonly value: string };
    readonly direction?: "credit" | "debit";
    readonly transactionId?: string;
    readonly transferId?: string;
    readonly remaining?: { readonly value: string };
    readonly heldAfter?: { readonly value: string };
  };
  readonly at: number;
}

/** An account after some of its events. */
interface Standing {
  readonly cents: number;
  readonly isFrozen: boolean;
  /** What is left of the active holds. */
  readonly holds: ReadonlyMap<string, number>;
  readonly spending: Spending;
}

/** What every account was after each of its events: `[0]` before the first. */
export type Histories = ReadonlyMap<string, readonly Standing[]>;

const EVENTS = {
  ...{ deposit: 1, withdrawal: 1, transfer: 2, reversal: 3, freeze: 1, unfreeze: 1 },
  ...{ hold: 1, capture: 1, release: 1 },
  ...{ propose: 1, approve: 1, reject: 1, authorize: 1, freezeCard: 1, unfreezeCard: 1 },
  ...{ schedule: 1, open: 1, register: 1 },
};

/** How many events an answer has put into the log. */
export function eventsOf({ kind }: Order, { status }: Answer): number {
  return status < 300 ? EVENTS[kind] : 0;
}

export async function readLog(owner: pg.Pool): Promise<Logged[]> {
  const { rows } = await owner.query(
    `SELECT ledger_id AS ledger, position::int, stream_id AS "streamId", version, type, data,
            (extract(epoch FROM recorded_at) * 1000)::float8 AS at
       FROM ledger.events ORDER BY ledger_id, position`,
  );
  return rows;
}

/** What is wrong with a log by itself: gaps, times, versions, and balances that do not add up. */
export function faultsOf(events: readonly Logged[]): string[] {
  const faults: string[] = [];
  const heads = new Map<number, { position: number; at: number }>();
  const streams = new Map<string, { version: number; cents: number; held: number }>();
  const spent = new Map<string, Spending>();
  for (const { ledger, position, streamId, version, type, data, at } of events) {
    const where = `${type} at ${ledger}:${position}`;
    const head = heads.get(ledger) ?? { position: 0, at: 0 };
    if (position !== head.position + 1) faults.push(`${where} follows ${head.position}`);
    if (at < head.at) faults.push(`${where} is earlier than the one before`);
    heads.set(ledger, { position, at });
    const stream = streams.get(streamId) ?? { version: 0, cents: 0, held: 0 };
    if (version !== stream.version + 1) faults.push(`${where} has version ${version}`);
    const change = centsOf(data.amount) * (data.direction === "debit" ? -1 : 1);
    const cents = data.direction === undefined ? stream.cents : stream.cents + change;
    if (data.balanceAfter !== undefined && centsOf(data.balanceAfter) !== cents) {
      faults.push(`${where} does not add up`);
    }
    const held = data.heldAfter === undefined ? stream.held : centsOf(data.heldAfter);
    if (cents < held) faults.push(`${where} spends what is not there`);
    streams.set(streamId, { version, cents, held });
    const spending = spent.get(streamId) ?? NOTHING_SPENT;
    if (exceeds(spending, type, data)) faults.push(`${where} goes beyond a limit`);
    spent.set(streamId, spendingAfter(spending, type, data));
  }
  return faults;
}

const BEFORE: Standing = {
  ...{ cents: 0, isFrozen: false, holds: new Map(), spending: NOTHING_SPENT },
};

export function historiesOf(events: readonly Logged[]): Histories {
  const histories = new Map<string, Standing[]>();
  for (const { streamId, type, data } of events) {
    const history: Standing[] = histories.get(streamId) ?? [BEFORE];
    const { cents, isFrozen, holds, spending } = history.at(-1) as Standing;
    history.push({
      cents: data.balanceAfter === undefined ? cents : centsOf(data.balanceAfter),
      isFrozen: type === "AccountFrozen" || (isFrozen && type !== "AccountUnfrozen"),
      holds: holdsAfter(holds, type, data),
      spending: spendingAfter(spending, type, data),
    });
    histories.set(streamId, history);
  }
  return histories;
}

function holdsAfter(
  holds: Standing["holds"],
  type: string,
  { holdId = "", amount, remaining }: Logged["data"],
): Standing["holds"] {
  if (!type.startsWith("Hold")) return holds;
  const left = type === "HoldPlaced" ? centsOf(amount) : centsOf(remaining);
  const others = [...holds].filter(([id]) => id !== holdId);
  return new Map(left === 0 ? others : [...others, [holdId, left]]);
}

/**
 * Whether the answer was true of the account at the version that its token names: a refusal's is
 * the one it was decided on, that of what was done the one after it.
 */
export function isTrue(
  order: Order,
  { status, code, token }: Answer,
  histories: Histories,
  tokens: ConsistencyTokens,
): boolean {
  if (code === "not_found" || code === "already_reversed") return true;
  const seen = tokens.read(token).find((one) => {
    return one.kind === "version" && one.accountId === order.accountId;
  });
  if (seen?.kind !== "version") return false;
  const standing = histories.get(order.accountId)?.[seen.version - (status < 300 ? 1 : 0)];
  return standing !== undefined && code === refusalOf(order, standing);
}

function refusalOf(order: Order, standing: Standing): string | undefined {
  const { kind, cents, holdId = "", proposalId = "", cardId } = order;
  const { spending } = standing;
  switch (kind) {
    case "deposit":
    case "schedule":
    case "open":
    case "register":
      return undefined;
    case "unfreeze":
      return standing.isFrozen ? undefined : "account_not_frozen";
    case "propose":
      return spending.proposals.size < PROPOSALS_MAX ? undefined : "too_many_proposals";
    case "approve":
    case "reject":
      return spending.proposals.has(proposalId) ? undefined : "proposal_closed";
    case "freezeCard":
    case "unfreezeCard":
      return cardRefusal(spending.cards.get(cardId ?? ""), kind);
    case "capture":
    case "release": {
      const left = standing.holds.get(holdId);
      if (left === undefined) return "hold_not_active";
      return kind === "capture" && left < cents ? "amount_exceeds_hold" : undefined;
    }
    case "authorize":
      return (
        cardRefusal(spending.cards.get(cardId ?? ""), kind) ?? spendingRefusal(order, standing)
      );
    case "withdrawal":
    case "transfer":
    case "hold":
    case "reversal":
    case "freeze":
      return spendingRefusal(order, standing);
  }
}

function spendingRefusal({ kind, cents }: Order, standing: Standing): string | undefined {
  if (standing.isFrozen) return "account_frozen";
  const held = [...standing.holds.values()].reduce((sum, left) => sum + left, 0);
  if (standing.cents - held < cents) return "insufficient_funds";
  if (kind === "reversal" || kind === "freeze") return undefined;
  const isFine = isWithin(standing.spending, cents, kind === "authorize");
  return isFine ? undefined : "limit_exceeded";
}

/** Days of schedules that were not passed exactly once, or whose transfer is not there once. */
export function occurrenceFaults(events: readonly Logged[], scheduleIds: readonly string[]) {
  const sent = Map.groupBy(
    events.filter(({ type }) => type === "TransferSent"),
    ({ data }) => data.transferId,
  );
  return scheduleIds.filter((id) => {
    const own = events.filter(({ streamId }) => streamId === id).map(({ type }) => type);
    const made = events.find((one) => one.streamId === id && one.type === "ScheduledTransferMade");
    const passed = made === undefined ? "ScheduledTransferRefused" : "ScheduledTransferMade";
    const isOnce = own.join() === `TransferScheduled,${passed},ScheduleFinished`;
    return !isOnce || (made !== undefined && sent.get(made.data.transferId)?.length !== 1);
  });
}

/** How many events the days of schedules have put into the log. */
export function occurrenceEvents(events: readonly Logged[]): number {
  const count = (name: string) => events.filter(({ type }) => type === name).length;
  return 4 * count("ScheduledTransferMade") + 2 * count("ScheduledTransferRefused");
}
