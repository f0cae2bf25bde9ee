import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Envelope } from "../schemas/envelope.ts";

const FOLDER = resolve(import.meta.dirname, "../../fixtures/events");

/** An event as a bank once wrote it, to the byte. Whoever reads the log must be able to read it. */
export interface GoldenEvent {
  readonly type: string;
  readonly schemaVersion: number;
  /** The line of the log, without its line feed. */
  readonly line: string;
  readonly envelope: Envelope;
}

/** Real events of every released version of every type, as they are in the log. */
export function goldenEvents(folder = FOLDER): GoldenEvent[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".ndjson"));
  return files.sort().flatMap((file) => {
    const [type = "", version = ""] = file.split(".");
    const lines = readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
    return lines.map((line) => {
      const envelope = JSON.parse(line) as Envelope;
      return { type, schemaVersion: Number(version.slice(1)), line, envelope };
    });
  });
}
