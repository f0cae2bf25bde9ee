import type { Invariant } from "../checks/findings.ts";

/** A change of one source file: what stands there once, and what stands there then. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A defect as somebody could make it, the fault that shows it, and what has to notice. */
export interface Defect {
  readonly name: string;
  readonly what: string;
  readonly edits: readonly Edit[];
  readonly fault: string;
  /** One of these, at least, has to be violated. */
  readonly caughtBy: readonly Invariant[];
  readonly with?: readonly ("kafka" | "twins")[];
}

const APPEND_SQL = "packages/event-store/src/migrations/0003-append-plans.ts";
const APPEND = "packages/event-store/src/append.ts";
const COMMIT = "services/command/src/commit-batch.ts";

const OF_COMMANDS: readonly Defect[] = [
  {
    name: "acknowledge-before-commit",
    what: "commands are answered while their append is under way",
    fault: "postgres-refuses",
    caughtBy: ["acknowledged once"],
    edits: [
      {
        file: COMMIT,
        find: "    await store.append(attempt.results.flatMap(decisionsOf));\n    return attempt;",
        replace:
          "    store.append(attempt.results.flatMap(decisionsOf)).catch(() => {});\n" +
          "    return attempt;",
      },
    ],
  },
  {
    name: "key-not-checked",
    what: "a key that has its answer is no reason to refuse an append",
    fault: "retries-across-restarts",
    caughtBy: ["acknowledged once", "same answers"],
    edits: [
      {
        file: APPEND_SQL,
        find: "IF v_done <> cardinality(p_keys) THEN",
        replace: "IF v_done > cardinality(p_keys) THEN",
      },
      {
        file: "services/command/src/executor.ts",
        find: "if (recent.has(command.key)) void",
        replace: 'if (recent.has("")) void',
      },
    ],
  },
  {
    name: "key-beside-the-commit",
    what: "the answer of a key is kept after the commit, not in it",
    fault: "postgres-loses-commits",
    caughtBy: ["acknowledged once"],
    edits: [
      {
        file: APPEND,
        find: "    if (at === undefined) await client.query({ ...APPEND, values });\n    else",
        replace:
          "    const none = (from: number, to: number) =>\n" +
          "      values.map((value, i) =>\n" +
          "        i < from || i > to ? value : COLUMNS[i - 1] === TEXT ? '' : '{}');\n" +
          "    if (at === undefined) await client.query({ ...APPEND, values: none(16, 21) });\n" +
          "    if (at === undefined) await client.query({ ...APPEND, values: none(1, 15) });\n" +
          "    else",
      },
    ],
  },
  {
    name: "position-skipped",
    what: "an append of several events leaves a position out",
    fault: "kill-audit",
    caughtBy: ["positions"],
    edits: [
      {
        file: APPEND_SQL,
        find: "       SET position = h.position + v_events,",
        replace: "       SET position = h.position + v_events + (v_events / 2 % 2),",
      },
    ],
  },
  {
    name: "cache-kept-on-conflict",
    what: "what is remembered of a stream is kept when another process has changed it",
    fault: "kill-audit",
    with: ["twins"],
    caughtBy: ["quiet"],
    edits: [
      {
        file: "services/command/src/stream-cache.ts",
        find: "      forget(reads);\n      const streams",
        replace: "      const streams",
      },
      { file: COMMIT, find: "      cache.forget(readsOf(batch));\n", replace: "" },
    ],
  },
  {
    name: "state-not-written",
    what: "the state of a stream stays behind its version",
    fault: "kill-command",
    caughtBy: ["kept states"],
    edits: [
      {
        file: APPEND_SQL,
        find: "SET version = s.version, state = s.state::json, state_schema",
        replace: "SET version = s.version, state_schema",
      },
    ],
  },
  {
    name: "more-than-there-is",
    what: "a debit is not refused for want of money",
    fault: "kill-audit",
    caughtBy: ["limits"],
    edits: [
      {
        file: "packages/domain/src/account/decide.ts",
        find: "return available(account) < amount.minor + fee",
        replace: "return available(account) < -amount.minor",
      },
    ],
  },
  {
    name: "one-leg-short",
    what: "who receives a transfer gets one cent",
    fault: "kill-audit",
    caughtBy: ["money"],
    edits: [
      {
        file: "packages/domain/src/transfer/decide.ts",
        find: "data: { ...legs.credit, ...parties, counterpartyAccountId: fromAccountId }",
        replace:
          "data: { ...legs.credit, ...parties, counterpartyAccountId: fromAccountId,\n" +
          '        amount: { value: "0.01", currency: amount.currency } }',
      },
    ],
  },
  {
    name: "answer-made-anew",
    what: "a repeat is answered with other bytes than the first time",
    fault: "kill-audit",
    caughtBy: ["same answers"],
    edits: [
      {
        file: "services/command/src/executor.ts",
        find: "{ body: response }",
        replace: "{ body: isOwn ? response : JSON.stringify(JSON.parse(response), null, 1) }",
      },
    ],
  },
  {
    name: "database-taken-for-a-bug",
    what: "a database that is away is answered with 500",
    fault: "postgres-refuses",
    caughtBy: ["strange answers"],
    edits: [
      {
        file: "packages/service-kit/src/database.ts",
        find: "  if (!(error instanceof Error)) return false;\n  const { code }",
        replace: "  if (error !== undefined) return false;\n  const { code }",
      },
    ],
  },
];

const OF_FOLLOWERS: readonly Defect[] = [
  {
    name: "cursor-before-send",
    what: "the relay takes events for published before they are sent",
    fault: "kafka-no-leader",
    with: ["kafka"],
    caughtBy: ["topic"],
    edits: [
      {
        file: "services/relay/src/publish/publish.ts",
        find: "      health.sending(partition);\n",
        replace: "      health.sending(partition);\n      queues.acknowledged(partition, batch);\n",
      },
      {
        file: "services/relay/src/publish/publish.ts",
        find: "      queues.acknowledged(partition, batch);\n      health.published",
        replace: "      health.published",
      },
    ],
  },
  {
    name: "applied-twice",
    what: "what comes again is applied again, and where one is, is not kept",
    fault: "kill-query",
    caughtBy: ["read tables"],
    edits: [
      {
        file: "services/query/src/projector/plan.ts",
        find: "    if (place.version < next) {",
        replace: "    if (place.version < 0) {",
      },
      {
        file: "services/query/src/projector/projector.ts",
        find: "      if (moves.length > 0) await moveCursors(tx, moves);\n",
        replace: "",
      },
    ],
  },
  {
    name: "gaps-left-open",
    what: "who follows the log sees neither that the tables went back nor what they lack",
    fault: "read-database-of-yesterday",
    caughtBy: ["read tables"],
    edits: [
      {
        file: "services/query/src/projector/plan.ts",
        find: "      gaps.push({ place, next, after: before?.position ?? 0 });\n",
        replace: "",
      },
      {
        file: "services/query/src/projector/projector.ts",
        find: "if (position >= (reached.get(source) ?? 0n)) continue;",
        replace: "if (position >= 0n || reached.size === 0) continue;",
      },
    ],
  },
  {
    name: "token-not-waited-for",
    what: "a query does not wait for what its token names",
    fault: "slow-network",
    caughtBy: ["own writes"],
    edits: [
      {
        file: "services/query/src/consistency/waiting-room.ts",
        find: "return (this.#versions.get(accountId) ?? 0) < version;",
        replace: "return (this.#versions.get(accountId) ?? 0) < version - version;",
      },
    ],
  },
  {
    name: "session-remembered",
    what: "the gateway does not forget a session that has ended",
    fault: "kill-audit",
    caughtBy: ["sessions"],
    edits: [
      {
        file: "services/gateway/src/session-cache.ts",
        find: "        known.delete(sessionId);\n",
        replace: "",
      },
    ],
  },
  {
    name: "leaf-not-as-agreed",
    what: "leaves of the tree are hashed with another prefix",
    fault: "kill-audit",
    caughtBy: ["checkpoints"],
    edits: [
      {
        file: "packages/transparency/src/hash.ts",
        find: "const LEAF_PREFIX = 0x00;",
        replace: "const LEAF_PREFIX = 0x02;",
      },
    ],
  },
];

/** Every defect that the harness has to catch. */
export const DEFECTS: readonly Defect[] = [...OF_COMMANDS, ...OF_FOLLOWERS];
