import { afterAll, beforeAll, expect, test } from "vitest";
import { openLog, type TestLog } from "./support/log.ts";

let log: TestLog;
beforeAll(async () => {
  log = await openLog();
});
afterAll(() => log.close());

const [SELECT, CHANGE] = [["SELECT"], ["SELECT", "INSERT", "UPDATE"]];

/** All that each role may do; whatever else turns up in the database is an accident. */
const ON_TABLES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  countinghouse_command: {
    "ledger.events": SELECT,
    "ledger.idempotency": SELECT,
    "ledger.log_head": SELECT,
    "ledger.marks": SELECT,
    "ledger.streams": SELECT,
  },
  countinghouse_relay: {
    "ledger.events": SELECT,
    "ledger.log_head": SELECT,
    "ledger.relay_cursors": CHANGE,
    "ledger.relay_lease": CHANGE,
    "ledger.streams": SELECT,
  },
  countinghouse_query: {},
  countinghouse_projector: {},
  countinghouse_auth: {},
};
const ROLES = Object.keys(ON_TABLES);

const OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
const PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN".split(
  ", ",
);

test.each(ROLES)("[S19] %s may do to tables what the list says and no more", async (role) => {
  const { rows } = await log.owner.query(
    `SELECT n.nspname || '.' || c.relname AS name, array_agg(p ORDER BY o) AS may
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
            unnest($2::text[]) WITH ORDINALITY AS privileges (p, o)
      WHERE ${OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND (has_table_privilege($1, c.oid, p)
             OR (o <= 3 AND has_any_column_privilege($1, c.oid, p)))
      GROUP BY 1`,
    [role, PRIVILEGES],
  );
  expect(Object.fromEntries(rows.map(({ name, may }) => [name, may]))).toEqual(ON_TABLES[role]);
});

test("[S19] only the command role may call the functions of the log", async () => {
  const { rows } = await log.owner.query(
    `SELECT role, array_agg(p.proname::text ORDER BY p.proname) AS may
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, unnest($1::text[]) AS role
      WHERE ${OURS} AND has_function_privilege(role, p.oid, 'EXECUTE')
      GROUP BY role`,
    [ROLES],
  );
  expect(rows).toEqual([
    {
      role: "countinghouse_command",
      may: ["announce", "append", "lock_head", "set_mark", "take_lease"],
    },
  ]);
});

test("[S19] no role may make anything, anywhere in the database", async () => {
  const { rows } = await log.owner.query(
    `SELECT role, n.nspname FROM pg_namespace n, unnest($1::text[]) AS role
      WHERE has_schema_privilege(role, n.oid, 'CREATE')
         OR has_database_privilege(role, current_database(), 'CREATE, TEMPORARY')
         OR pg_has_role(role, 'countinghouse_ledger_owner', 'MEMBER')`,
    [ROLES],
  );
  expect(rows).toEqual([]);
});

test("[S19] the functions that run as the owner look nowhere but in the catalogue", async () => {
  const { rows } = await log.owner.query(
    `SELECT p.proname, p.proconfig[1] AS first
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE ${OURS} AND p.prosecdef ORDER BY 1`,
  );
  const first = "search_path=pg_catalog, pg_temp";
  const names = ["announce", "append", "append_at", "lock_head", "set_mark", "take_lease"];
  expect(rows).toEqual(names.map((proname) => ({ proname, first })));
});
