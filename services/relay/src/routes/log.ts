import { LOG_LIMIT } from "@countinghouse/contracts";
import type { LogReader } from "@countinghouse/event-store";
import type { Handlers } from "@countinghouse/service-kit";
import type { LogQuery, LogText } from "../log/follow.ts";
import { readable } from "../log/readable.ts";
import type { Seats } from "../log/seats.ts";

/** A session may end while its user follows: nobody follows longer than an access token lives. */
const USER_FOLLOWS_MS = 30 * 60 * 1_000;

export interface LogRoutesDeps {
  readonly reader: LogReader;
  readonly text: LogText;
  /** Users cannot take the places that services need. */
  readonly seats: { readonly users: Seats; readonly services: Seats };
}

interface Asked {
  readonly ledger?: number;
  readonly after?: number;
  readonly limit?: number;
  readonly follow?: boolean;
  readonly stream?: string;
  readonly type?: string;
}

/** The log over HTTP, for auditors and for services. */
export function logRoutes({ reader, text, seats }: LogRoutesDeps) {
  async function answer(
    { query, closing }: { readonly query: Asked; readonly closing: AbortSignal },
    places: Seats,
    maxMs?: number,
  ) {
    const slice = sliceOf(query);
    if (!query.follow) return { status: 200, body: readable(await text.read(slice)) };
    const leave = places.take();
    const ended = new AbortController();
    const end = () => {
      ended.abort();
      leave();
    };
    try {
      const bounds = [closing, ended.signal, ...(maxMs ? [AbortSignal.timeout(maxMs)] : [])];
      return {
        status: 200,
        body: readable(await text.follow(slice, AbortSignal.any(bounds)), end),
      };
    } catch (error) {
      end();
      throw error;
    }
  }

  return {
    readLog: (call) => answer(call, seats.users, USER_FOLLOWS_MS),
    readLogInside: (call) => answer(call, seats.services),
    async listLedgers() {
      return { status: 200, body: { items: await reader.heads() } };
    },
    async latestProposals() {
      return { status: 200, body: { items: await reader.latestProposals() } };
    },
  } satisfies Handlers<"relay">;
}

function sliceOf({
  ledger = 1,
  after = 0,
  limit = LOG_LIMIT.usual,
  stream,
  type,
}: Asked): LogQuery {
  return {
    ...{ ledger, after, limit },
    ...(stream !== undefined && { stream: stream.toLowerCase() }),
    ...(type !== undefined && { type }),
  };
}
