import pg from "pg";

const PAGE_EVENTS = 20_000;

/** An event as this checker reads it, past all code of the bank. */
export interface Logged {
  readonly ledger: number;
  readonly position: number;
  readonly eventId: string;
  readonly streamId: string;
  readonly version: number;
  readonly type: string;
  readonly schemaVersion: number;
  /** The bytes of the log. */
  readonly dataText: string;
  readonly metaText: string;
  readonly data: Data;
  readonly recordedAt: string;
}

interface MoneyText {
  readonly value: string;
  readonly currency: string;
}

/** What of an event's data the checks look at. */
export interface Data {
  readonly amount?: MoneyText;
  readonly balanceAfter?: MoneyText;
  readonly direction?: "credit" | "debit";
  readonly reference?: string;
  readonly transferId?: string;
  readonly transactionId?: string;
  readonly holdId?: string;
  readonly remaining?: MoneyText;
  readonly heldAfter?: MoneyText;
  readonly currency?: string;
}

/** Minor units of currencies with two decimals, which are all that the model has. */
export function minor(money: MoneyText | undefined): bigint {
  return BigInt((money?.value ?? "0").replace(".", ""));
}

export interface StreamRow {
  readonly streamId: string;
  readonly category: string;
  readonly version: number;
  readonly state: { readonly balance?: string } | null;
}

export interface AnswerRow {
  readonly text: string;
  readonly token: string;
  readonly status: number;
}

/** All that the ledger's database says, in one view of it. */
export interface Ledger {
  readonly events: readonly Logged[];
  readonly heads: ReadonlyMap<number, number>;
  readonly streams: readonly StreamRow[];
  /** Kept answers, by their key. */
  readonly answers: ReadonlyMap<string, AnswerRow>;
}

/** Reads the ledger's database as an administrator. */
export async function readLedger(adminUrl: string): Promise<Ledger> {
  const url = new URL(adminUrl);
  url.pathname = "/countinghouse_ledger";
  const client = new pg.Client(url.href);
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const heads = await client.query("SELECT ledger_id, position FROM ledger.log_head");
    const streams = await client.query(
      `SELECT stream_id AS "streamId", category, version, state FROM ledger.streams`,
    );
    const answers = await client.query(
      "SELECT key, response::text AS text, token, status FROM ledger.idempotency",
    );
    return {
      events: await readEvents(client),
      heads: new Map(heads.rows.map((row) => [row.ledger_id, Number(row.position)])),
      streams: streams.rows,
      answers: new Map(answers.rows.map(({ key, ...row }) => [key, row])),
    };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function readEvents(client: pg.Client): Promise<Logged[]> {
  await client.query(`DECLARE events CURSOR FOR ${EVENTS}`);
  const events: Logged[] = [];
  for (;;) {
    const { rows } = await client.query(`FETCH ${PAGE_EVENTS} FROM events`);
    for (const row of rows) {
      const { position, at, ...rest } = row;
      const recordedAt = new Date(at).toISOString();
      events.push({ ...rest, position: Number(position), recordedAt, data: dataOf(row.dataText) });
    }
    if (rows.length < PAGE_EVENTS) return events;
  }
}

function dataOf(text: string): Data {
  return JSON.parse(text) as Data;
}

const EVENTS = `
  SELECT ledger_id AS ledger, position, event_id AS "eventId", stream_id AS "streamId", version,
         type, schema_version AS "schemaVersion", data::text AS "dataText",
         meta::text AS "metaText", recorded_at AS at
    FROM ledger.events ORDER BY ledger_id, position`;
