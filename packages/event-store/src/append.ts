import { randomUUIDv7 } from "node:crypto";
import type pg from "pg";
import { canonicalJson } from "./canonical-json.ts";
import { named } from "./errors.ts";
import type { Decision, StreamChange } from "./port.ts";

/**
 * Columns cross as one text each. Those that may hold any character are joined by one that JSON,
 * keys and names never have, so that nothing has to be escaped here and unescaped there.
 */
const SEPARATOR = "\u001e";
const [PLAIN, TEXT] = ["$", "string_to_array($, chr(30))"];
const COLUMNS = [
  ...[PLAIN, TEXT, PLAIN, PLAIN, TEXT, PLAIN],
  ...[PLAIN, PLAIN],
  ...[PLAIN, PLAIN, PLAIN, TEXT, PLAIN, TEXT, TEXT],
  ...[TEXT, TEXT, TEXT, PLAIN, TEXT, TEXT],
];
const PARAMETERS = COLUMNS.map((column, i) => column.replace("$", `$${i + 2}`));
const APPEND = {
  name: "append",
  text: `SELECT first_position, at FROM ledger.append($1, ${PARAMETERS.join(", ")})`,
};

const AT = `$${COLUMNS.length + 2}`;
const APPEND_AT = {
  name: "append_at",
  text: `SELECT first_position, at FROM ledger.append_at($1, ${PARAMETERS.join(", ")}, ${AT})`,
};

type Queryable = Pick<pg.ClientBase, "query">;

/**
 * Calls the append function for the decisions of one ledger: one statement, one round trip, durable
 * when it returns (or when the transaction around it commits). With a time, events are recorded at
 * it, which is for the owner of the log alone.
 */
export async function appendToLedger(
  client: Queryable,
  ledger: number,
  decisions: readonly Decision[],
  at?: Date,
): Promise<void> {
  const columns = [
    ...streams(ledger, decisions),
    ...reads(ledger, decisions),
    ...events(ledger, decisions),
    ...answers(ledger, decisions),
  ];
  const values = [
    ledger,
    ...columns.map((column, i) => {
      return COLUMNS[i] === TEXT ? column.join(SEPARATOR) : `{${column.join()}}`;
    }),
  ];
  try {
    if (at === undefined) await client.query({ ...APPEND, values });
    else await client.query({ ...APPEND_AT, values: [...values, at.toISOString()] });
  } catch (error) {
    throw named(error);
  }
}

/** Each stream once, from the version that the first decision found to that of the last. */
function streams(ledger: number, decisions: readonly Decision[]): unknown[][] {
  const merged = new Map<string, StreamChange & { version: number }>();
  for (const change of changesOf(ledger, decisions)) {
    const before = merged.get(change.streamId);
    const expectedVersion = before?.expectedVersion ?? change.expectedVersion;
    const version = change.expectedVersion + change.events.length;
    merged.set(change.streamId, { ...change, expectedVersion, version });
  }
  const rows = [...merged.values()];
  return [
    rows.map(({ streamId }) => streamId),
    rows.map(({ category }) => category),
    rows.map(({ expectedVersion }) => expectedVersion),
    rows.map(({ version }) => version),
    rows.map(({ state }) => JSON.stringify(state)),
    rows.map(({ stateSchema }) => stateSchema),
  ];
}

/** The streams that were only looked at. Those that change are checked by their change. */
function reads(ledger: number, decisions: readonly Decision[]): unknown[][] {
  const changed = new Set(changesOf(ledger, decisions).map(({ streamId }) => streamId));
  const seen = new Map<string, number>();
  for (const read of decisions.flatMap((decision) => decision.reads)) {
    if (read.ledger === ledger && !changed.has(read.streamId))
      seen.set(read.streamId, read.version);
  }
  return [[...seen.keys()], [...seen.values()]];
}

function events(ledger: number, decisions: readonly Decision[]): unknown[][] {
  const columns: unknown[][] = [[], [], [], [], [], [], []];
  for (const decision of decisions) {
    const meta = canonicalJson({ ledger, ...decision.cause });
    for (const { streamId, expectedVersion, events } of changesOf(ledger, [decision])) {
      for (const [i, { type, schemaVersion, data }] of events.entries()) {
        const version = expectedVersion + i + 1;
        const row = [
          randomUUIDv7(),
          streamId,
          version,
          type,
          schemaVersion,
          canonicalJson(data),
          meta,
        ];
        for (const [column, value] of row.entries()) columns[column]?.push(value);
      }
    }
  }
  return columns;
}

/** The answers that are kept with this ledger: those of decisions at home in it. */
function answers(ledger: number, decisions: readonly Decision[]): unknown[][] {
  const rows = decisions.filter((decision) => decision.ledger === ledger).map((d) => d.answer);
  return [
    rows.map(({ scope }) => scope),
    rows.map(({ key }) => key),
    rows.map(({ request }) => request),
    rows.map(({ status }) => status),
    rows.map(({ response }) => response),
    rows.map(({ token }) => token),
  ];
}

function changesOf(ledger: number, decisions: readonly Decision[]): StreamChange[] {
  return decisions.flatMap(({ changes }) => changes.filter((change) => change.ledger === ledger));
}
