import { join } from "node:path";
import { freePorts } from "@countinghouse/cli";
import { formatNode, type LocalNode } from "./node.ts";

const NODES = 3;
const TRIES = 3;

/** Copies of each topic, and how many must have a record before it counts. Leaders move in 3 s. */
const SETTINGS = {
  "default.replication.factor": NODES,
  "min.insync.replicas": NODES - 1,
  "offsets.topic.replication.factor": NODES,
  "broker.heartbeat.interval.ms": 500,
  "controller.quorum.election.timeout.ms": 500,
  "controller.quorum.fetch.timeout.ms": 1_000,
  "replica.lag.time.max.ms": 3_000,
};

/** One of the three. Each is asked for its own faults; they come back on their data. */
export interface ClusterNode {
  /** As the others know it. */
  readonly id: number;
  /** As a power cut. */
  kill(): Promise<void>;
  /** As an orderly restart: leaders move away first. */
  end(): Promise<void>;
  /** Brings it back and resolves once it takes requests. */
  start(): Promise<void>;
  /** Nothing of it runs until `resume`; then it goes on as if nothing had been. */
  pause(): void;
  resume(): void;
}

/** Three Kafka nodes on the local JVM, for tests of faults. */
export interface LocalCluster {
  /** All of them, joined by commas. */
  readonly brokers: string;
  /** Where each takes the clients that came through another port. */
  readonly doors: readonly number[];
  readonly nodes: readonly ClusterNode[];
  /** Ends all and removes their data. */
  stop(): Promise<void>;
}

/**
 * Formats and starts three nodes with their data below `folder`. Needs Java 17 and the jars. With
 * `throughPorts`, one a node, each has a further door, and tells who comes by it to come to that
 * port: a proxy, say.
 */
export async function startLocalCluster(
  folder: string,
  throughPorts: readonly number[] = [],
): Promise<LocalCluster> {
  for (let tries = 1; ; tries += 1) {
    const doors = await freePorts(throughPorts.length);
    const nodes = await formatNodes(folder, doors, throughPorts);
    try {
      for (const node of nodes) node.launch();
      await Promise.all(nodes.map((node) => node.untilReady(NODES)));
      return clusterOf(nodes, doors);
    } catch (error) {
      await endAll(nodes);
      // Another process may have taken a port between our asking and the node's binding.
      if (tries === TRIES) throw error;
    }
  }
}

async function formatNodes(
  folder: string,
  doors: readonly number[],
  throughPorts: readonly number[],
): Promise<LocalNode[]> {
  const ports = await freePorts(2 * NODES);
  const ids = Array.from({ length: NODES }, (_, i) => i + 1);
  const voters = ids.map((id) => `${id}@127.0.0.1:${ports[NODES + id - 1]}`);
  return Promise.all(
    ids.map((id) => {
      const [port = 0, controller = 0] = [ports[id - 1], ports[NODES + id - 1]];
      const [door, through] = [doors[id - 1], throughPorts[id - 1]];
      const further = door === undefined ? {} : furtherDoor(port, controller, door, through ?? 0);
      const settings = { ...SETTINGS, ...further };
      return formatNode({ id, folder: join(folder, String(id)), port, voters, settings });
    }),
  );
}

function furtherDoor(port: number, controller: number, door: number, through: number) {
  const at = (number: number) => `127.0.0.1:${number}`;
  return {
    listeners: `BROKER://${at(port)},DOOR://${at(door)},CONTROLLER://${at(controller)}`,
    "advertised.listeners": `BROKER://${at(port)},DOOR://${at(through)}`,
    "listener.security.protocol.map": "BROKER:PLAINTEXT,DOOR:PLAINTEXT,CONTROLLER:PLAINTEXT",
  };
}

function clusterOf(nodes: readonly LocalNode[], doors: readonly number[]): LocalCluster {
  return {
    doors,
    brokers: nodes.map(({ address }) => address).join(","),
    nodes: nodes.map((node, i) => ({
      id: i + 1,
      kill: () => node.end("SIGKILL"),
      end: () => node.end("SIGTERM"),
      async start() {
        node.launch();
        await node.untilReady(1);
      },
      pause: () => node.signal("SIGSTOP"),
      resume: () => node.signal("SIGCONT"),
    })),
    stop: () => endAll(nodes),
  };
}

/** By force: told politely, the last of them would wait for a quorum that has gone. */
async function endAll(nodes: readonly LocalNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.end("SIGKILL")));
  for (const node of nodes) node.removeData();
}
