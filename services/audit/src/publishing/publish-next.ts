import { PUBLISH_MAX, type Publisher } from "@countinghouse/bus";
import type { Database } from "../tables.ts";
import { checkpointRecord } from "./checkpoint-record.ts";

/** Everything that one topic needs to get the next checkpoints of a ledger. */
export interface NextCheckpoints {
  readonly db: Database;
  readonly publisher: Publisher;
  readonly topic: string;
  readonly ledger: number;
  /** Nothing beyond it may be given to anybody yet. */
  readonly upTo: number;
}

/**
 * Publishes the next checkpoints of a ledger in their order, then moves the cursor; gives how far
 * they are published. The cursor's row is held meanwhile, so that of several processes only one
 * publishes. Throws what the publisher throws.
 */
export function publishNext(next: NextCheckpoints): Promise<{ size: number; count: number }> {
  const { db, publisher, topic, ledger, upTo } = next;
  return db.transaction().execute(async (tx) => {
    const begin = { ledger, topic, size: "0" };
    await tx
      .insertInto("checkpoint_cursors")
      .values(begin)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const cursor = await tx
      .selectFrom("checkpoint_cursors")
      .select("size")
      .where("ledger", "=", ledger)
      .where("topic", "=", topic)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const rows = await tx
      .selectFrom("checkpoints")
      .select(["size", "note", "signed_at"])
      .where("ledger", "=", ledger)
      .where("size", ">", cursor.size)
      .where("size", "<=", String(upTo))
      .orderBy("size")
      .limit(PUBLISH_MAX)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return { size: Number(cursor.size), count: 0 };
    const records = rows.map(({ size, note, signed_at: signedAt }) => {
      return checkpointRecord({ ledger, size: Number(size), note, signedAt });
    });
    await publisher.publish(0, records);
    await tx
      .updateTable("checkpoint_cursors")
      .set({ size: last.size })
      .where("ledger", "=", ledger)
      .where("topic", "=", topic)
      .execute();
    return { size: Number(last.size), count: rows.length };
  });
}
