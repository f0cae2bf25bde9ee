import { type Handler, malformed, ProblemError } from "@countinghouse/service-kit";
import {
  type Checkpoint,
  encodeBundle,
  parseTilePath,
  tileWidth,
} from "@countinghouse/transparency";
import type { Sealer } from "../sealing/sealer.ts";
import { FIRST_LEDGER, type RouteDeps, TEXT } from "./deps.ts";

const RETRY_AFTER_SECONDS = 5;

/** The newest checkpoint that anybody may have. Throws a 503 where there is none. */
export function publishedOf({ published }: Sealer): Checkpoint {
  if (published !== undefined) return published;
  throw new ProblemError("unavailable", { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

export function handleCheckpoint({ ledgers }: RouteDeps): Handler<"auditCheckpoint"> {
  return ({ query: { ledger = FIRST_LEDGER } }) => {
    return { status: 200, body: publishedOf(ledgers.find(ledger)).note, headers: TEXT };
  };
}

export function handleKey({ ledgers, verifierKeyOf }: RouteDeps): Handler<"auditKey"> {
  return ({ query: { ledger = FIRST_LEDGER } }) => {
    ledgers.find(ledger);
    return { status: 200, body: `${verifierKeyOf(ledger)}\n`, headers: TEXT };
  };
}

/** Tiles and bundles of the published tree; each path has one right spelling. */
export function handleTile({ ledgers, store, reader }: RouteDeps): Handler<"readTile"> {
  return async ({ params, query: { ledger = FIRST_LEDGER } }) => {
    const sealer = ledgers.find(ledger);
    const tile = parseTilePath(`tile/${params.tile}`);
    if (tile === undefined) throw new ProblemError("not_found");
    const { level, index, width } = tile;
    if (tileWidth(tile, publishedOf(sealer).size) < width) throw new ProblemError("not_found");
    if (level === "entries") {
      const entries = await store.entries(ledger, index, width);
      if (entries.length < width) throw new Error(`bundle ${index} of ledger ${ledger} is cut off`);
      return { status: 200, body: encodeBundle(entries) };
    }
    const bytes = await reader.tile(sealer, { level, index, width });
    if (bytes === undefined) throw new Error(`tile ${level}/${index} of ${ledger} is missing`);
    return { status: 200, body: bytes };
  };
}

/** A size within the published tree, by default its own. Throws a 400 that names the parameter. */
export function sizeWithin(sealer: Sealer, asked: number | undefined, name: string): number {
  const { size } = publishedOf(sealer);
  if (size === 0 || (asked ?? 0) > size) throw malformed(`?${name}`, "is beyond the checkpoint");
  return asked ?? size;
}
