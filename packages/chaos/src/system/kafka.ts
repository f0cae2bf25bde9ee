import { mkdirSync } from "node:fs";
import { topicsOf } from "@countinghouse/contracts";
import { type ClusterNode, startLocalCluster } from "@countinghouse/testing/kafka-cluster";
import { fetchJars } from "@countinghouse/testing/kafka-jars";
import { leadersOf } from "@countinghouse/testing/kafka-topic";
import type { Wires } from "./wires.ts";

const NODES = 3;
export const TOPIC_PREFIX = "chaos";
/** The topic in which the events of accounts are. */
export const TOPIC = topicsOf(TOPIC_PREFIX).accountEvents;

/** Three brokers, each behind a wire that is called `services>broker-1` and so on. */
export interface KafkaCluster {
  /** What the services are told. */
  readonly brokers: string;
  /** Past the wires. */
  readonly directBrokers: string;
  readonly nodes: readonly ClusterNode[];
  /** The broker that leads most partitions. */
  leader(): Promise<ClusterNode>;
  stop(): Promise<void>;
}

/** Starts them with their data below `folder`. Needs Java 17, and Maven the first time. */
export async function openKafka(folder: string, wires: Wires): Promise<KafkaCluster> {
  await fetchJars();
  mkdirSync(folder, { recursive: true });
  const ways = [];
  for (let id = 1; id <= NODES; id += 1) ways.push(await wires.add(`services>broker-${id}`, []));
  const ports = ways.map(({ port }) => port);
  const cluster = await startLocalCluster(folder, ports);
  for (const [i, way] of ways.entries()) way.leadTo([cluster.doors[i] ?? 0]);
  return {
    brokers: ports.map((port) => `127.0.0.1:${port}`).join(","),
    directBrokers: cluster.brokers,
    nodes: cluster.nodes,
    async leader() {
      const leaders = await leadersOf(cluster.brokers, TOPIC);
      const led = (id: number) => leaders.filter((leader) => leader === id).length;
      const [first] = [...cluster.nodes].sort((a, b) => led(b.id) - led(a.id));
      if (first === undefined) throw new Error("there is no broker");
      return first;
    },
    stop: () => cluster.stop(),
  };
}
