import { createSealer } from "./opaque.ts";
import { malformed } from "./problem-error.ts";

/** Where a page of one list begins, as opaque text that fits this list and no other. */
export interface PageCursor {
  seal(key: Buffer): string;
  /** The key that the text was sealed with; undefined for a first page. Throws a 400. */
  open(text: string | undefined): Buffer | undefined;
}

/** What makes a list that list: its operation, whose it is, of which account, by which filters. */
type Identity = readonly (string | undefined)[];

export type Cursors = (list: Identity) => PageCursor;

export function createCursors(key: Buffer): Cursors {
  return (list) => {
    const sealer = createSealer(key, JSON.stringify(["cursor", ...list]));
    return {
      seal: (position) => sealer.seal(position),
      open(text) {
        if (text === undefined) return undefined;
        const position = sealer.open(text);
        if (position === undefined) throw malformed("?cursor", "belongs to no page of this list");
        return position;
      },
    };
  };
}

/** A page of the rows read, one more than `limit` if there are more; `keyOf` says where it ends. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursor: PageCursor,
  keyOf: (last: Row) => Buffer,
  show: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items: items.map(show), nextCursor: hasMore ? cursor.seal(keyOf(last)) : null };
}
