import type pg from "pg";

/** What of ours a database server has already. */
export interface ServerFacts {
  readonly isSuperuser: boolean;
  /** The settings of each role that exists, as `name=value`. */
  readonly roles: ReadonlyMap<string, readonly string[]>;
  readonly databases: ReadonlyMap<string, Grants>;
}

/** Who may do what with a database. */
interface Grants {
  /** Whether everybody may do anything with it. */
  readonly isPublic: boolean;
  /** The roles that may connect because they were told so themselves. */
  readonly connect: readonly string[];
}

const DATABASE_GRANTS = `
  SELECT datname AS name,
    coalesce(bool_or(grantee = 0), false) AS "isPublic",
    array_remove(array_agg(CASE privilege_type WHEN 'CONNECT' THEN rolname::text END), NULL)
      AS connect
  FROM pg_database
  LEFT JOIN LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl ON true
  LEFT JOIN pg_roles ON pg_roles.oid = acl.grantee
  WHERE datname = ANY($1)
  GROUP BY datname`;

/** Asks a server about these databases and roles. */
export async function serverFacts(
  admin: pg.Client,
  databases: readonly string[],
  roles: readonly string[],
): Promise<ServerFacts> {
  const own = await admin.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
  const found = await admin.query(
    "SELECT rolname AS name, rolconfig AS settings FROM pg_roles WHERE rolname = ANY($1)",
    [roles],
  );
  const grants = await admin.query(DATABASE_GRANTS, [databases]);
  return {
    isSuperuser: own.rows[0]?.rolsuper === true,
    roles: new Map(found.rows.map(({ name, settings }) => [name, settings ?? []])),
    databases: new Map(grants.rows.map(({ name, ...rest }) => [name, rest])),
  };
}
