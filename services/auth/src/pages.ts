import { PAGE_LIMIT } from "@countinghouse/contracts";
import { createSealer, deriveKey, malformed } from "@countinghouse/service-kit";

/** A page of rows whose ids are UUIDv7, newest first: where it begins and how long it is. */
export interface PagePlace {
  /** The id of the last row of the page before. */
  readonly after: string | undefined;
  readonly limit: number;
}

interface PageQuery {
  readonly limit?: number;
  readonly cursor?: string;
}

/** Cursors of lists; each is good for one list only. */
export interface Pages {
  /** Throws a 400 for a cursor that is not of this list. */
  place(list: string, query: PageQuery): PagePlace;
  /** The page of up to `limit` rows; one row more than that tells that another page follows. */
  cut<Row extends { readonly id: string }, Item>(
    list: string,
    place: PagePlace,
    rows: readonly Row[],
    show: (row: Row) => Item,
  ): { items: Item[]; nextCursor: string | null };
}

export function createPages(secretKey: string): Pages {
  const key = deriveKey(secretKey, "cursor");
  return {
    place(list, { limit = PAGE_LIMIT.usual, cursor }) {
      if (cursor === undefined) return { after: undefined, limit };
      const after = createSealer(key, list).open(cursor);
      if (after === undefined) throw malformed("?cursor", "is none of this list");
      return { after: after.toString(), limit };
    },
    cut(list, { limit }, rows, show) {
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      const isLast = last === undefined || rows.length <= limit;
      const nextCursor = isLast ? null : createSealer(key, list).seal(Buffer.from(last.id));
      return { items: shown.map(show), nextCursor };
    },
  };
}
