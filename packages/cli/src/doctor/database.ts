import pg from "pg";
import type { Settings } from "../settings.ts";

const CONNECT_TIMEOUT_MS = 3_000;

/** Without these an acknowledged transfer may be lost, or a password be read off the wire. */
const WANTED = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  password_encryption: "scram-sha-256",
} as const;

/** What of the database server is not fit for production, where one is given. */
export async function databaseFaults({ DATABASE_URL }: Settings): Promise<string[]> {
  if (DATABASE_URL === undefined) return [];
  const client = new pg.Client({
    connectionString: DATABASE_URL,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const names = Object.keys(WANTED);
    const { rows } = await client.query<{ name: keyof typeof WANTED; setting: string }>(
      "SELECT name, setting FROM pg_settings WHERE name = ANY ($1)",
      [names],
    );
    const wrong = rows.filter(({ name, setting }) => setting !== WANTED[name]);
    return wrong.map(({ name, setting }) => {
      return `PostgreSQL has ${name} = ${setting}; it has to be ${WANTED[name]}`;
    });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return [`PostgreSQL cannot be asked: ${code ?? message}`];
  } finally {
    await client.end().catch(() => undefined);
  }
}
