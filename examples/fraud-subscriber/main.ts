// Raises an alert when an account sends much at once, or often within a minute. Its alerts and its
// place among the events are one transaction, so each is raised once, whatever dies and when.
import { httpLog, kafka, passwordToken, postgresStore, subscribe } from "@countinghouse/client";
import pg from "pg";

const LARGE = 10_000n;
const [OFTEN, WITHIN] = [3, "60 seconds"];

const url = setting("BANK_URL");
const pool = new pg.Pool({ connectionString: setting("DATABASE_URL"), max: 4 });
const store = postgresStore<pg.PoolClient>({ pool, subscriber: "fraud" });
await store.createTables();
await pool.query(`
  CREATE TABLE IF NOT EXISTS sent (account_id uuid, at timestamptz);
  CREATE INDEX IF NOT EXISTS sent_by_account ON sent (account_id, at);
  CREATE TABLE IF NOT EXISTS alerts (account_id uuid, transfer_id uuid, rule text)`);

const [email, password] = [setting("BANK_EMAIL"), setting("BANK_PASSWORD")];
const log = httpLog({ url, token: passwordToken({ url, email, password }) });
const brokers = process.env.KAFKA_BROKERS?.split(",");

const subscription = subscribe({
  from: brokers ? kafka({ brokers, groupId: "fraud", log }) : log,
  store,
  async onEvent(event, client) {
    if (event.type !== "TransferSent") return;
    const { streamId: account, recordedAt: at, data } = event;
    await client.query("INSERT INTO sent VALUES ($1, $2)", [account, at]);
    const recent = await client.query(
      `SELECT count(*)::int AS count FROM sent
        WHERE account_id = $1 AND at > $2::timestamptz - $3::interval AND at <= $2`,
      [account, at, WITHIN],
    );
    const rules = [
      ...(BigInt(data.amount.value.split(".")[0] ?? 0) >= LARGE ? ["large"] : []),
      ...(recent.rows[0].count >= OFTEN ? ["often"] : []),
    ];
    for (const rule of rules) {
      await client.query("INSERT INTO alerts VALUES ($1, $2, $3)", [
        account,
        data.transferId,
        rule,
      ]);
      console.log(`${rule}: account ${account}, transfer ${data.transferId}`);
    }
  },
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => subscription.stop().then(() => pool.end()));
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
