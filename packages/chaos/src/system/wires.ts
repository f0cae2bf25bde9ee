import { freePorts } from "@countinghouse/cli";
import { openWire, WHOLE, type Wire, type WireState } from "./wire.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Every way from one process to another, each a wire of its own: `gateway>command`, say. */
export interface Wires {
  /** Those whose name this matches. */
  matching(pattern: RegExp): readonly Wire[];
  /** Brings all that match into a state. */
  become(pattern: RegExp, state: WireState): Promise<void>;
  /** Has the wires to a place, as far as one name goes, lead to these ports. */
  leadTo(place: string, ports: readonly number[]): void;
  /** A new wire. */
  add(name: string, ports: readonly number[]): Promise<Wire>;
  /** Mends all of them. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

export function createWires(random: () => number): Wires {
  const all: Wire[] = [];
  const matching = (pattern: RegExp) => all.filter(({ name }) => pattern.test(name));
  const become = async (pattern: RegExp, state: WireState) => {
    for (const wire of matching(pattern)) await wire.become(state);
  };
  return {
    ...{ matching, become },
    leadTo(place, ports) {
      for (const wire of all.filter(({ name }) => name.endsWith(`>${place}`))) wire.leadTo(ports);
    },
    async add(name, ports) {
      const [port = 0] = await freePorts(1);
      const wire = await openWire(name, port, random);
      wire.leadTo(ports);
      all.push(wire);
      return wire;
    },
    mend: () => become(/./, WHOLE),
    async close() {
      for (const wire of all.splice(0)) await wire.close();
    },
  };
}

/** A place that processes find in their settings: its name, and the ports that it is behind. */
export interface Reached {
  readonly name: string;
  readonly ports: readonly number[];
}

/**
 * The settings of a process with a wire of its own in each address of a known place. Addresses are
 * `host:port` of 127.0.0.1 within any value.
 */
export async function wired(
  process: string,
  env: Env,
  places: ReadonlyMap<number, Reached>,
  wires: Wires,
): Promise<Record<string, string | undefined>> {
  const own = new Map<string, Wire>();
  const result: Record<string, string | undefined> = { ...env };
  for (const [setting, value] of Object.entries(env)) {
    if (value === undefined) continue;
    for (const [address, port] of value.matchAll(/127\.0\.0\.1:(\d+)/g)) {
      const place = places.get(Number(port));
      if (place === undefined) continue;
      const name = `${process}>${place.name}`;
      const wire = own.get(name) ?? (await wires.add(name, place.ports));
      own.set(name, wire);
      result[setting] = result[setting]?.replace(address, `127.0.0.1:${wire.port}`);
    }
  }
  return result;
}
