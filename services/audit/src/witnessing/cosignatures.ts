import type { VerifierKey } from "@countinghouse/transparency";
import type { Database } from "../tables.ts";

/** What witnesses have signed, and stays. */
export interface Cosignatures {
  /** The lines of all witnesses under the checkpoint of a size. */
  of(ledger: number, size: number): Promise<string[]>;
  /** The largest size that a witness has signed; 0 for none. */
  newest(ledger: number, witness: VerifierKey): Promise<number>;
  add(ledger: number, size: number, witness: VerifierKey, line: string): Promise<void>;
}

export function createCosignatures(db: Database): Cosignatures {
  return {
    async of(ledger, size) {
      const rows = await db
        .selectFrom("cosignatures")
        .select("line")
        .where("ledger", "=", ledger)
        .where("size", "=", String(size))
        .orderBy("witness")
        .execute();
      return rows.map(({ line }) => line);
    },
    async newest(ledger, key) {
      const row = await db
        .selectFrom("cosignatures")
        .select("size")
        .where("ledger", "=", ledger)
        .where("witness", "=", nameOf(key))
        .orderBy("size", "desc")
        .limit(1)
        .executeTakeFirst();
      return Number(row?.size ?? 0);
    },
    async add(ledger, size, key, line) {
      await db
        .insertInto("cosignatures")
        .values({ ledger, size: String(size), witness: nameOf(key), line })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
  };
}

function nameOf({ name, id }: VerifierKey): string {
  return `${name}+${id}`;
}
