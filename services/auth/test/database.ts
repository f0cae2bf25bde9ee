import { createDatabases } from "@countinghouse/testing";
import pg from "pg";

export interface AuthDatabase {
  /** As the role of the service. */
  readonly url: string;
  /** As the role that migrates. */
  readonly ownerUrl: string;
  /** As the owner of the tables, for tests that look behind the service. */
  readonly owner: pg.Pool;
  drop(): Promise<void>;
}

/** A fresh, migrated database of auth. */
export async function createAuthDatabase(): Promise<AuthDatabase> {
  const databases = await createDatabases();
  const ownerUrl = databases.ownerUrl("auth");
  const owner = new pg.Pool({ connectionString: ownerUrl, max: 2 });
  owner.on("error", () => undefined);
  return {
    url: databases.urlOf("auth", "countinghouse_auth"),
    ownerUrl,
    owner,
    async drop() {
      await owner.end();
      await databases.drop();
    },
  };
}
