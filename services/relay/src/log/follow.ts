import type { LogLine, LogReader } from "@countinghouse/event-store";
import { ProblemError } from "@countinghouse/service-kit";
import type { Tail } from "./tail.ts";

/** Events of one read, however many are wanted in all: bounds what an answer holds in memory. */
const PAGE_EVENTS = 1_000;
/** Positions that one read for a type looks through. */
const WINDOW_POSITIONS = 50_000;
/** A follower this near to the end reads what all others there read, and filters by itself. */
const NEAR_POSITIONS = 1_000;

export interface LogQuery {
  readonly ledger: number;
  readonly after: number;
  readonly limit: number;
  readonly stream?: string;
  readonly type?: string;
}

/** The log in text: each piece is whole lines, with a line feed after each. */
export interface LogText {
  /** What is in the log now, at most `limit` events. Throws a 404 for an unknown ledger. */
  read(query: LogQuery): Promise<AsyncIterable<string>>;
  /**
   * What is in the log, and then each event as it happens, until the signal is aborted. `limit`
   * sizes the reads. Throws a 404 for an unknown ledger.
   */
  follow(query: LogQuery, signal: AbortSignal): Promise<AsyncIterable<string>>;
}

export function createLogText(reader: LogReader, tail: Tail): LogText {
  const shared = createSharedReads(reader);
  return {
    async read(query) {
      return readUpTo(reader, query, await headOf(reader, query.ledger));
    },
    async follow(query, signal) {
      await headOf(reader, query.ledger);
      return follow({ reader, tail, shared }, query, signal);
    },
  };
}

async function headOf(reader: LogReader, ledger: number): Promise<number> {
  const found = (await reader.heads()).find((head) => head.ledger === ledger);
  if (found === undefined) throw new ProblemError("not_found");
  return found.position;
}

async function* readUpTo(reader: LogReader, query: LogQuery, head: number): AsyncIterable<string> {
  let [position, left] = [query.after, query.limit];
  while (position < head && left > 0) {
    const limit = Math.min(left, PAGE_EVENTS);
    const page = await readPage(reader, { ...query, after: position, limit }, head);
    position = page.upTo;
    left -= page.lines.length;
    if (page.lines.length > 0) yield textOf(page.lines);
  }
}

interface Page {
  readonly lines: readonly LogLine[];
  /** The log has been looked through up to here. */
  readonly upTo: number;
}

async function readPage(reader: LogReader, query: LogQuery, head: number): Promise<Page> {
  const upTo = Math.min(head, query.after + reachOf(query));
  const lines = await reader.readLines({ ...query, upTo });
  const isFull = lines.length === query.limit;
  return { lines, upTo: isFull ? (lines.at(-1)?.position ?? upTo) : upTo };
}

/** How many positions one read looks through; where nothing is filtered that is what it brings. */
function reachOf({ stream, type, limit }: LogQuery): number {
  if (stream !== undefined) return Number.POSITIVE_INFINITY;
  return type === undefined ? limit : WINDOW_POSITIONS;
}

interface FollowDeps {
  readonly reader: LogReader;
  readonly tail: Tail;
  readonly shared: SharedReads;
}

async function* follow(
  { reader, tail, shared }: FollowDeps,
  query: LogQuery,
  signal: AbortSignal,
): AsyncIterable<string> {
  const limit = Math.min(query.limit, PAGE_EVENTS);
  let position = query.after;
  for (;;) {
    await tail.beyond(query.ledger, position, signal);
    if (signal.aborted) return;
    const head = tail.head(query.ledger);
    // The tail was stopped: the service is closing.
    if (head === undefined || head <= position) return;
    const page =
      head - position <= NEAR_POSITIONS
        ? await shared.read(query, position, head)
        : await readPage(reader, { ...query, after: position, limit }, head);
    position = page.upTo;
    if (page.lines.length > 0) yield textOf(page.lines);
  }
}

interface SharedReads {
  read(query: LogQuery, after: number, upTo: number): Promise<Page>;
}

/**
 * Followers woken by the same event read it once for all of them. What is shared is the read under
 * way: nothing is kept once it has been answered.
 */
function createSharedReads(reader: LogReader): SharedReads {
  const underWay = new Map<string, Promise<LogLine[]>>();
  return {
    async read({ ledger, stream, type }, after, upTo) {
      const key = `${ledger}:${after}:${upTo}`;
      let reading = underWay.get(key);
      if (reading === undefined) {
        reading = reader
          .readLines({ ledger, after, upTo, limit: NEAR_POSITIONS })
          .finally(() => underWay.delete(key));
        underWay.set(key, reading);
      }
      const lines = (await reading).filter((line) => {
        return (stream ?? line.streamId) === line.streamId && (type ?? line.type) === line.type;
      });
      return { lines, upTo };
    },
  };
}

function textOf(lines: readonly LogLine[]): string {
  let text = "";
  for (const { json } of lines) text += `${json}\n`;
  return text;
}
