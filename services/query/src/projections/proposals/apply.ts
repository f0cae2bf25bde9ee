import type { ProposalFact } from "../../events/account-event.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Gathering, Projection } from "../projection.ts";

const KEY = ["proposal_id"];

export const proposalsProjection: Projection = {
  name: "proposals",
  tables: [{ name: "proposals", key: KEY }],
  apply,
  gather,
};

/** Every event of a proposal says all of it. */
async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const rows = [...lastOf(events).values()];
  if (rows.length === 0) return;
  const source = unnest(rows, COLUMNS);
  await tx
    .insertInto("proposals")
    .columns(source.columns)
    .expression(source.select)
    .onConflict((conflict) => {
      return conflict.column("proposal_id").doUpdateSet((eb) => ({
        status: eb.ref("excluded.status"),
        decided_by: eb.ref("excluded.decided_by"),
        decided_at: eb.ref("excluded.decided_at"),
      }));
    })
    .execute();
}

function gather(): Gathering {
  let last = new Map<string, ProposalRow>();
  return {
    take(events) {
      for (const [id, row] of lastOf(events)) last.set(id, row);
    },
    appended: () => [],
    changing() {
      const rows = [...last.values()];
      last = new Map();
      return [{ table: "proposals", types: COLUMNS, rows, key: KEY }];
    },
    get held() {
      return last.size;
    },
  };
}

function lastOf(events: readonly AppliedEvent[]): Map<string, ProposalRow> {
  const last = new Map<string, ProposalRow>();
  for (const { accountId, fact } of events) {
    if (fact.kind === "proposal") last.set(fact.proposalId, rowOf(accountId, fact));
  }
  return last;
}

type ProposalRow = ReturnType<typeof rowOf>;

function rowOf(accountId: string, fact: ProposalFact) {
  return {
    proposal_id: fact.proposalId,
    account_id: accountId,
    kind: fact.of as string,
    details: fact.details,
    status: fact.status as string,
    proposed_by: fact.proposedBy,
    proposed_at: fact.proposedAt,
    decided_by: fact.decidedBy,
    decided_at: fact.decidedAt,
  };
}

const COLUMNS: ColumnTypes<ProposalRow> = {
  proposal_id: "uuid",
  account_id: "uuid",
  kind: "text",
  details: "text",
  status: "text",
  proposed_by: "uuid",
  proposed_at: "timestamptz",
  decided_by: "uuid",
  decided_at: "timestamptz",
};
