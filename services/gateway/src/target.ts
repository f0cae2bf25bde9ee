import { Agent } from "node:http";

/** Open connections to one instance at most, and how long an unused one is kept. */
const CONNECTIONS_MAX = 256;
const UNUSED_MS = 30_000;
/** Answers of one instance that stay open have connections of their own, so many at most. */
const OPEN_MAX = 4_000;
/** How long an instance that was out of reach is asked only when no other can be. */
const REST_MS = 1_000;

/** One process of a service. */
export interface Instance {
  readonly url: URL;
  readonly agent: Agent;
  /** For answers that stay open: they take nobody's place. */
  readonly openAgent: Agent;
  /** Tells that it was out of reach just now. */
  failed(): void;
}

/** A service, as one or several instances that answer alike. */
export interface Target {
  readonly instances: readonly Instance[];
  /** All of them in the order to try them in: each first in turn, those out of reach last. */
  inTurn(): readonly Instance[];
  destroy(): void;
}

/** A service behind one or several URLs, joined by commas. */
export function createTarget(urls: string): Target {
  const kept = { keepAlive: true, timeout: UNUSED_MS };
  const failedAt = new Map<Instance, number>();
  const instances = urls.split(",").map((url) => {
    const instance: Instance = {
      url: new URL(url),
      agent: new Agent({ ...kept, maxSockets: CONNECTIONS_MAX }),
      openAgent: new Agent({ ...kept, maxSockets: OPEN_MAX }),
      failed: () => void failedAt.set(instance, performance.now()),
    };
    return instance;
  });
  const rests = (instance: Instance) => {
    return performance.now() - (failedAt.get(instance) ?? Number.NEGATIVE_INFINITY) < REST_MS;
  };
  let turn = 0;
  return {
    instances,
    inTurn() {
      if (instances.length === 1) return instances;
      turn = (turn + 1) % instances.length;
      const all = [...instances.slice(turn), ...instances.slice(0, turn)];
      return [...all.filter((one) => !rests(one)), ...all.filter(rests)];
    },
    destroy() {
      for (const { agent, openAgent } of instances) {
        agent.destroy();
        openAgent.destroy();
      }
    },
  };
}
