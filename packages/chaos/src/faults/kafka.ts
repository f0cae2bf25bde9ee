import { type Fault, fault } from "./fault.ts";
import { fillUp } from "./fill-up.ts";

const needs = ["kafka"] as const;
/** Commands ask nothing of Kafka. */
const goesOn = ["commands"] as const;

export const KAFKA_FAULTS: readonly Fault[] = [
  fault({
    ...{ name: "kafka-gone", what: "all brokers killed, for a minute and a half" },
    ...{ needs, goesOn, holdMs: 90_000 },
    async begin({ kafka }) {
      const nodes = kafka?.nodes ?? [];
      await Promise.all(nodes.map((node) => node.kill()));
      return async () => void (await Promise.all(nodes.map((node) => node.start())));
    },
  }),
  fault({
    ...{ name: "kafka-leader-killed", what: "kill -9 of the broker that leads most" },
    ...{ needs, goesOn, holdMs: 6_000 },
    async begin({ kafka }) {
      const leader = await kafka?.leader();
      await leader?.kill();
      return async () => void (await leader?.start());
    },
  }),
  fault({
    ...{ name: "kafka-broker-paused", what: "SIGSTOP of a broker, longer than its session" },
    ...{ needs, goesOn, holdMs: 8_000 },
    async begin({ kafka }, random) {
      const node = kafka?.nodes[Math.floor(random() * kafka.nodes.length)];
      node?.pause();
      return async () => node?.resume();
    },
  }),
  fault({
    ...{ name: "kafka-no-leader", what: "two of three brokers killed: no partition has a leader" },
    ...{ needs, goesOn, holdMs: 15_000 },
    async begin({ kafka }) {
      const [, ...two] = kafka?.nodes ?? [];
      await Promise.all(two.map((node) => node.kill()));
      return async () => void (await Promise.all(two.map((node) => node.start())));
    },
  }),
  fault({
    ...{ name: "kafka-silent", what: "half-open connections to all brokers" },
    ...{ needs, goesOn, holdMs: 12_000 },
    async begin({ wires }) {
      await wires.become(/^services>broker/, { kind: "silent" });
      return () => wires.mend();
    },
  }),
  fault({
    ...{ name: "kafka-disk-full", what: "no room on the disks of the brokers" },
    ...{ needs: ["kafka", "disks"], goesOn, holdMs: 12_000 },
    async begin({ kafka, disks }) {
      const stopFilling = fillUp(disks?.kafka);
      return async () => {
        await stopFilling();
        // A broker that cannot write has ended itself, or is no use any more: it is started again.
        const nodes = kafka?.nodes ?? [];
        await Promise.all(nodes.map((node) => node.kill()));
        await Promise.all(nodes.map((node) => node.start()));
      };
    },
  }),
];
