import { createHash } from "node:crypto";
import type { Envelope } from "@countinghouse/contracts";
import { type Checkpoint, canonicalJson, leafHash, TreeEdge } from "@countinghouse/transparency";
import { concernsAccount } from "@countinghouse/verifier";
import { Faults, Lag, type LogCheck } from "./check.ts";
import type { ShownHistory } from "./read-tables.ts";

/** That the read tables have every posting up to the version that they show, and no other. */
export function checkHistories(shown: ReadonlyMap<string, ShownHistory>): LogCheck {
  const [faults, lag] = [new Faults(), new Lag()];
  const postings = new Map<string, number>();
  let entries = 0;
  return {
    take(event) {
      if (!concernsAccount(event)) return;
      const { streamId, version, data } = event;
      const history = shown.get(streamId);
      if (history === undefined || version > history.version) {
        lag.add(event);
        return;
      }
      const { direction, balanceAfter } = data as { direction?: string; balanceAfter?: object };
      if (direction === undefined || balanceAfter === undefined) return;
      postings.set(streamId, (postings.get(streamId) ?? 0) + 1);
    },
    finish(now) {
      for (const [accountId, history] of shown) {
        const wanted = postings.get(accountId) ?? 0;
        entries += history.entries;
        if (history.entries !== wanted) {
          faults.add(`account ${accountId} shows ${history.entries} postings of ${wanted}`);
        }
      }
      const rule = "histories have every posting, once";
      return [
        faults.check("read tables", rule, `${entries} entries`),
        lag.check("read tables", now),
      ];
    },
  };
}

/** That a checkpoint that the bank has given out is the root of the log's first events. */
export function checkTree(checkpoints: ReadonlyMap<number, Checkpoint>): LogCheck {
  const [faults, lag] = [new Faults(), new Lag()];
  const edges = new Map<number, TreeEdge>();
  return {
    take(event) {
      const { ledger } = event.meta;
      const checkpoint = checkpoints.get(ledger);
      const edge = edges.get(ledger) ?? TreeEdge.empty();
      edges.set(ledger, edge);
      if (edge.size >= (checkpoint?.size ?? 0)) {
        lag.add(event);
        return;
      }
      edge.append(leafHash(Buffer.from(canonicalJson(event))), () => undefined);
      if (edge.size !== checkpoint?.size || edge.root().equals(checkpoint.root)) return;
      faults.add(
        `ledger ${ledger}: the root of ${edge.size} events is not the one that was signed`,
      );
    },
    finish(now) {
      for (const [ledger, { size }] of checkpoints) {
        const there = edges.get(ledger)?.size ?? 0;
        if (there < size) faults.add(`ledger ${ledger}: ${size} events are sealed, ${there} there`);
      }
      const sizes = [...checkpoints.values()].map(({ size }) => size);
      const rule = "the newest checkpoint is signed, and the root of the log's first events";
      return [
        faults.check("tree", rule, `checkpoints of ${sizes.join(", ") || "no"} events`),
        lag.check("tree", now),
      ];
    },
  };
}

/** An account in a topic: how far it goes without a gap, and what its events come to. */
export interface PublishedAccount {
  version: number;
  digest: string;
}

/** One step of the digest that stands for all events of an account up to one of them. */
export function digestWith(digest: string, eventId: string | undefined, data: string): string {
  return createHash("sha256").update(`${digest} ${eventId} ${data}`).digest("base64");
}

/** That the topic has the events of each account, in their order, as far as it goes. */
export function checkTopic(
  published: ReadonlyMap<string, PublishedAccount>,
  faults: Faults,
): LogCheck {
  const lag = new Lag();
  const digests = new Map<string, string>();
  const met = new Set<string>();
  return {
    take(event: Envelope) {
      if (!concernsAccount(event)) return;
      const { streamId, version, eventId, data } = event;
      const account = published.get(streamId);
      if (account === undefined || version > account.version) {
        lag.add(event);
        return;
      }
      const digest = digestWith(digests.get(streamId) ?? "", eventId, canonicalJson(data));
      digests.set(streamId, digest);
      if (version < account.version) return;
      met.add(streamId);
      if (digest !== account.digest)
        faults.add(`account ${streamId} has other events in the topic`);
    },
    finish(now) {
      for (const [accountId, { version }] of published) {
        if (!met.has(accountId))
          faults.add(`account ${accountId} has no version ${version} in the log`);
      }
      const rule = "the topic has the events of every account, in their order";
      return [faults.check("Kafka", rule, `${published.size} accounts`), lag.check("Kafka", now)];
    },
  };
}
