import type { AccountState, AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Gathering, Projection } from "../projection.ts";

const KEY = ["account_id"];

export const accountsProjection: Projection = {
  name: "accounts",
  tables: [{ name: "accounts", key: KEY }],
  apply,
  gather,
};

/** What the events brought an account to, and whether the account is new. */
async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const last = new Map(events.map(({ accountId, after }) => [accountId, after]));
  const opened = new Set(
    events.filter(({ fact }) => fact.kind === "opened").map(({ accountId }) => accountId),
  );
  const states = [...last.values()];
  await insert(
    tx,
    states.filter(({ accountId }) => opened.has(accountId)),
  );
  await update(
    tx,
    states.filter(({ accountId }) => !opened.has(accountId)),
  );
}

/** Fails when another process inserted the account meanwhile; the batch is then planned again. */
async function insert(tx: Tx, states: readonly AccountState[]): Promise<void> {
  if (states.length === 0) return;
  const source = unnest(states.map(rowOf), COLUMNS);
  await tx.insertInto("accounts").columns(source.columns).expression(source.select).execute();
}

async function update(tx: Tx, states: readonly AccountState[]): Promise<void> {
  if (states.length === 0) return;
  const source = unnest(states.map(changing), CHANGING);
  await tx
    .updateTable("accounts")
    .from(source.as("n"))
    .set((eb) => ({
      status: eb.ref("n.status"),
      balance_minor: eb.ref("n.balance_minor"),
      held_minor: eb.ref("n.held_minor"),
      limits: eb.ref("n.limits"),
      overdraft_minor: eb.ref("n.overdraft_minor"),
      used_day: eb.ref("n.used_day"),
      used_today_minor: eb.ref("n.used_today_minor"),
      used_month_minor: eb.ref("n.used_month_minor"),
      version: eb.ref("n.version"),
      position: eb.ref("n.position"),
      updated_at: eb.ref("n.updated_at"),
    }))
    .whereRef("accounts.account_id", "=", "n.account_id")
    .execute();
}

function gather(): Gathering {
  let last = new Map<string, AccountState>();
  return {
    take(events) {
      for (const { accountId, after } of events) last.set(accountId, after);
    },
    appended: () => [],
    changing() {
      const rows = [...last.values()].map(rowOf);
      last = new Map();
      return [{ table: "accounts", types: COLUMNS, rows, key: KEY }];
    },
    get held() {
      return last.size;
    },
  };
}

function rowOf(state: AccountState) {
  return {
    ...changing(state),
    owner_id: state.ownerId,
    ledger: state.ledger,
    type: state.type,
    name: state.name,
    currency: state.currency,
    opened_at: state.openedAt,
  };
}

const CHANGING = {
  account_id: "uuid",
  status: "text",
  balance_minor: "numeric",
  held_minor: "numeric",
  limits: "text",
  overdraft_minor: "numeric",
  used_day: "text",
  used_today_minor: "numeric",
  used_month_minor: "numeric",
  version: "int",
  position: "bigint",
  updated_at: "timestamptz",
} as const;

const COLUMNS: ColumnTypes<ReturnType<typeof rowOf>> = {
  ...CHANGING,
  owner_id: "uuid",
  ledger: "int",
  type: "text",
  name: "text",
  currency: "text",
  opened_at: "timestamptz",
};

function changing(state: AccountState) {
  return {
    account_id: state.accountId,
    status: state.status,
    balance_minor: state.balanceMinor.toString(),
    held_minor: state.heldMinor.toString(),
    limits: state.limits,
    overdraft_minor: state.overdraftMinor.toString(),
    used_day: state.usedDay,
    used_today_minor: state.usedTodayMinor.toString(),
    used_month_minor: state.usedMonthMinor.toString(),
    version: state.version,
    position: String(state.position),
    updated_at: state.updatedAt,
  };
}
