import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrateAll, provision } from "@countinghouse/cli";
import { canMakeDisks, makeDisk, type SmallDisk } from "./disk.ts";
import { type KafkaCluster, openKafka, TOPIC_PREFIX } from "./kafka.ts";
import { openPostgres, type Postgres } from "./postgres.ts";
import { openServices, type Services, type Shape } from "./services.ts";
import { createWires, type Wires } from "./wires.ts";

/** Sizes of the disks, in MiB. They are in memory, which only what is written takes. */
const DISKS = { postgres: 3_072, kafka: 2_048, logs: 64 };

/** The whole bank, made to be broken. */
export interface BrokenBank {
  readonly wires: Wires;
  readonly postgres: Postgres;
  readonly services: Services;
  readonly kafka: KafkaCluster | undefined;
  readonly shape: Shape;
  /** Undefined where disks cannot be made. */
  readonly disks: Readonly<Record<keyof typeof DISKS, SmallDisk>> | undefined;
  /** Where clients come in: a wire that leads to every gateway. */
  readonly url: string;
  /** Of all that the services log. */
  readonly logs: string;
  /** Accounts with an event that nobody knows: nothing is expected of them. */
  readonly poisoned: Set<string>;
  /** Makes roles and databases that are missing, as an administrator does by `migrate`. */
  provision(): Promise<void>;
  close(): Promise<void>;
}

export interface BankOptions {
  readonly withKafka: boolean;
  readonly shape: Shape;
  readonly random: () => number;
  readonly say: (line: string) => void;
}

/** Starts it in a folder of its own, which is removed at the end. */
export async function openBank(options: BankOptions): Promise<BrokenBank> {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-chaos-"));
  chmodSync(folder, 0o711);
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await openIn(folder, options, ends)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openIn(
  folder: string,
  { withKafka, shape, random, say }: BankOptions,
  ends: (() => unknown)[],
): Promise<Omit<BrokenBank, "close">> {
  const place = (name: keyof typeof DISKS) => join(folder, name);
  const disk = (name: keyof typeof DISKS) => {
    const made = makeDisk(place(name), DISKS[name]);
    ends.push(() => made.close());
    return made;
  };
  const disks = canMakeDisks
    ? { postgres: disk("postgres"), kafka: disk("kafka"), logs: disk("logs") }
    : undefined;
  const wires = createWires(random);
  ends.push(() => wires.close());
  const logs = place("logs");
  const kafka = withKafka ? await openKafka(join(place("kafka"), "nodes"), wires) : undefined;
  ends.push(() => kafka?.stop());
  mkdirSync(place("postgres"), { recursive: true });
  const onStart = (port: number) => wires.leadTo("postgres", [port]);
  const postgres = await openPostgres(join(place("postgres"), "cluster"), logs, onStart);
  ends.push(() => postgres.stop());
  const secretKey = randomBytes(36).toString("base64url");
  const serverNow = () => ({ adminUrl: postgres.adminUrl(), secretKey });
  const makeDatabases = async () => {
    await provision(serverNow());
    await migrateAll(serverNow());
  };
  await makeDatabases();
  const services = await openServices({
    ...{ folder, logs, wires, shape, say, server: serverNow() },
    ...{ postgresPort: postgres.port(), kafkaBrokers: kafka?.brokers, topicPrefix: TOPIC_PREFIX },
  });
  ends.push(() => services.stop());
  const [door] = wires.matching(/^clients>gateway$/);
  const url = `http://127.0.0.1:${door?.port}`;
  const poisoned = new Set<string>();
  const parts = { wires, postgres, services, kafka, shape, disks, url, logs, poisoned };
  return { ...parts, provision: makeDatabases };
}
