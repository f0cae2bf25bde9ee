import type { ConsistencyTokens } from "@countinghouse/service-kit";
import type pg from "pg";
import type { Answer } from "./instances.ts";

/** A command that was sent, in the words of the model. */
export interface Order {
  readonly key: string;
  readonly path: string;
  readonly body: object;
  readonly kind: keyof typeof EVENTS;
  /** Of a capture or a release. */
  readonly holdId?: string;
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
  readonly data: {
    readonly amount?: { readonly value: string };
    readonly balanceAfter?: { readonly value: string };
    readonly direction?: "credit" | "debit";
    readonly transactionId?: string;
    readonly transferId?: string;
    readonly holdId?: string;
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
}

/** What every account was after each of its events: `[0]` before the first. */
export type Histories = ReadonlyMap<string, readonly Standing[]>;

const EVENTS = {
  ...{ deposit: 1, withdrawal: 1, transfer: 2, reversal: 3, freeze: 1, unfreeze: 1 },
  ...{ hold: 1, capture: 1, release: 1 },
};

/** How many events an answer has put into the log. */
export function eventsOf({ kind }: Order, { status }: Answer): number {
  return status < 300 ? EVENTS[kind] : 0;
}

const centsOf = (money: { value: string } | undefined) => {
  return Number((money?.value ?? "0").replace(".", ""));
};

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
  }
  return faults;
}

const BEFORE: Standing = { cents: 0, isFrozen: false, holds: new Map() };

export function historiesOf(events: readonly Logged[]): Histories {
  const histories = new Map<string, Standing[]>();
  for (const { streamId, type, data } of events) {
    const history: Standing[] = histories.get(streamId) ?? [BEFORE];
    const { cents, isFrozen, holds } = history.at(-1) as Standing;
    history.push({
      cents: data.balanceAfter === undefined ? cents : centsOf(data.balanceAfter),
      isFrozen: type === "AccountFrozen" || (isFrozen && type !== "AccountUnfrozen"),
      holds: holdsAfter(holds, type, data),
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

function refusalOf({ kind, cents, holdId = "" }: Order, standing: Standing): string | undefined {
  if (kind === "deposit") return undefined;
  if (kind === "unfreeze") return standing.isFrozen ? undefined : "account_not_frozen";
  if (kind === "capture" || kind === "release") {
    const left = standing.holds.get(holdId);
    if (left === undefined) return "hold_not_active";
    return kind === "capture" && left < cents ? "amount_exceeds_hold" : undefined;
  }
  if (standing.isFrozen) return "account_frozen";
  const held = [...standing.holds.values()].reduce((sum, left) => sum + left, 0);
  return standing.cents - held < cents ? "insufficient_funds" : undefined;
}
