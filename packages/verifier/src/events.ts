import type { Envelope } from "@countinghouse/contracts";
import { canonicalJson } from "@countinghouse/transparency";
import type { Finding } from "./findings.ts";

/**
 * The event of an entry at a position of a ledger; undefined for what is none. Reports what is not
 * as it has to be.
 */
export function eventOf(
  entry: Buffer,
  position: number,
  ledger: number,
  report: (finding: Finding) => void,
): Envelope | undefined {
  const text = entry.toString();
  const event = parse(text);
  if (event === undefined) {
    report({ code: "malformed_event", position });
    return undefined;
  }
  if (canonicalJson(event) !== text) report({ code: "not_canonical", position });
  if (event.position !== position) {
    report({ code: "wrong_position", position, about: `it says ${event.position}` });
  }
  if (event.meta.ledger !== ledger) {
    report({ code: "wrong_ledger", position, about: `it says ${event.meta.ledger}` });
  }
  return event;
}

function parse(text: string): Envelope | undefined {
  try {
    const event = JSON.parse(text) as Envelope;
    return hasShape(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

/** What everything else here relies on; the data is looked at where it is read. */
function hasShape(event: Partial<Envelope> | null): event is Envelope {
  if (typeof event !== "object" || event === null) return false;
  const { position, version, streamId, type, recordedAt, data, meta } = event;
  return (
    [position, version].every((number) => Number.isSafeInteger(number)) &&
    [streamId, type, recordedAt].every((text) => typeof text === "string") &&
    [data, meta].every((part) => typeof part === "object" && part !== null)
  );
}
