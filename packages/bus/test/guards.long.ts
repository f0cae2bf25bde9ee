import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  describeWithKafka,
  fetchJars,
  type LocalCluster,
  startLocalCluster,
} from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EventRecord, ensureTopic, partitionOf, toRecord } from "../src/index.ts";
import { createEventMaker } from "./support/events.ts";
import { quiet } from "./support/handler.ts";
import { versionsIn } from "./support/versions-in.ts";
import {
  acrossPartitions,
  concurrent,
  guarded,
  SEND_MESSAGES,
  type Source,
  type Way,
} from "./support/ways-to-publish.ts";

/*
 * What the rules of the publisher are good for: the same load and the same faults with them and
 * without. Only the first line has to be without a loss; the others are printed to be compared.
 */
const PARTITIONS = 6;
const ROUNDS = Number(process.env.GUARD_ROUNDS ?? 2);
/** Longer than a request may take, so that what was given up is written late. */
const PAUSE_MS = 11_500;
const STEADY_MS = 1_500;
/** Between two sends, whatever the way: what is to be compared are faults, not speeds. */
const PACE_MS = 25;

const WAYS: readonly (readonly [string, Way])[] = [
  ["with all guards", guarded],
  ["one send over all partitions", acrossPartitions],
  ["four sends at once, idempotent", concurrent(true)],
  ["four sends at once, not idempotent", concurrent(false)],
];

describeWithKafka("publishing while brokers fail", () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    await fetchJars();
    cluster = await startLocalCluster(mkdtempSync(join(tmpdir(), "bus-cluster-")));
  });
  afterAll(() => cluster.stop());

  test.each(WAYS)("%s", async (name, publish) => {
    const topic = `guards-${WAYS.findIndex(([other]) => other === name)}`;
    const brokers = cluster.brokers.split(",");
    await ensureTopic({ brokers }, { topic, partitions: PARTITIONS, replication: 3 }, quiet);
    const count = createCount();
    const publishing = publish({ brokers, topic, partitions: PARTITIONS }, count.source);
    for (let round = 0; round < ROUNDS; round += 1) await faults(cluster);
    count.end();
    await publishing;
    const found = await versionsIn(brokers, topic);
    const outcome = count.compare(found);
    process.stdout.write(
      `${name}: ${outcome.acknowledged} acknowledged, ${count.rejections()} rejected sends, ` +
        `${outcome.lost} lost, ${outcome.repeated} repeated, ${outcome.gaps} gaps\n`,
    );
    expect(outcome.acknowledged).toBeGreaterThan(10_000);
    if (publish === guarded) expect(outcome).toMatchObject({ lost: 0, gaps: 0 });
  });
});

/** Every broker restarted in order, one killed, one paused. */
async function faults({ nodes }: LocalCluster): Promise<void> {
  for (const node of nodes) {
    await node.end();
    await node.start();
    await delay(STEADY_MS);
  }
  const [first, second] = nodes;
  await first?.kill();
  await delay(STEADY_MS * 2);
  await first?.start();
  second?.pause();
  await delay(PAUSE_MS);
  second?.resume();
  await delay(STEADY_MS * 2);
}

interface Outcome {
  readonly acknowledged: number;
  /** Acknowledged, and not in the topic. */
  readonly lost: number;
  readonly repeated: number;
  /** Places at which a consumer that drops repeats finds a version missing. */
  readonly gaps: number;
}

/** One stream for each partition, and what became of its events. */
function createCount() {
  const streams = Array.from({ length: PARTITIONS }, (_, partition) => streamIn(partition));
  const maker = createEventMaker();
  const acknowledged = streams.map(() => new Set<number>());
  let [isOver, rejections] = [false, 0];
  const source: Source = {
    next: (partition) => maker.next(streams[partition] ?? "", SEND_MESSAGES).map(toRecord),
    acknowledged(partition, records) {
      for (const record of records) acknowledged[partition]?.add(versionOf(record));
    },
    rejected: () => {
      rejections += 1;
    },
    pause: () => delay(PACE_MS),
    isOver: () => isOver,
  };
  return {
    source,
    rejections: () => rejections,
    end: () => {
      isOver = true;
    },
    compare(found: ReadonlyMap<string, readonly number[]>): Outcome {
      const each = streams.map((stream, partition) => {
        return outcomeOf(acknowledged[partition] ?? new Set(), found.get(stream) ?? []);
      });
      const sum = (of: (outcome: Outcome) => number) => each.reduce((all, one) => all + of(one), 0);
      return {
        acknowledged: sum((one) => one.acknowledged),
        lost: sum((one) => one.lost),
        repeated: sum((one) => one.repeated),
        gaps: sum((one) => one.gaps),
      };
    },
  };
}

function outcomeOf(acknowledged: ReadonlySet<number>, found: readonly number[]): Outcome {
  const present = new Set(found);
  let [applied, gaps] = [0, 0];
  for (const version of found) {
    if (version > applied + 1) gaps += 1;
    applied = Math.max(applied, version);
  }
  return {
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((version) => !present.has(version)).length,
    repeated: found.length - present.size,
    gaps,
  };
}

function versionOf({ headers }: EventRecord): number {
  return Number(headers.ce_streamversion);
}

function streamIn(partition: number): string {
  for (let i = 0; ; i += 1) {
    const id = `0198f3d2-0000-8001-8000-${String(i).padStart(12, "0")}`;
    if (partitionOf(id, PARTITIONS) === partition) return id;
  }
}
