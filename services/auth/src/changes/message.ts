import { type Kysely, sql } from "kysely";
import type { Tables } from "../tables.ts";

/** The channel of auth's database on which its processes talk (LISTEN, NOTIFY). */
export const CHANNEL = "auth_changes";

/** What gateways must hear of. */
export interface Change {
  /** What they remember of these sessions is not so any more. */
  readonly sessions?: readonly string[];
  /** The keys of access tokens are others than before. */
  readonly keys?: boolean;
}

/**
 * What auth processes tell each other. PostgreSQL delivers messages in the order of commits, to
 * everybody alike; on that order all of it rests.
 */
export type Message =
  /** A process is there and hears; `sentAtMs` is of its own clock and means nothing to others. */
  | { readonly kind: "pulse"; readonly by: string; readonly sentAtMs: number }
  /** A process ends that no gateway follows. */
  | { readonly kind: "bye"; readonly by: string }
  | ({ readonly kind: "change"; readonly id: string } & Change)
  /** All gateways of a process have taken note of a change, or were cut off. */
  | { readonly kind: "done"; readonly id: string; readonly by: string }
  /** A gateway took note, but told another process than the one that it follows. */
  | { readonly kind: "note"; readonly follower: string; readonly seq: number };

/** Sends a message when the transaction of `db` commits, or at once where there is none. */
export async function notify(db: Kysely<Tables>, message: Message): Promise<void> {
  await sql`SELECT pg_notify(${CHANNEL}, ${JSON.stringify(message)})`.execute(db);
}
