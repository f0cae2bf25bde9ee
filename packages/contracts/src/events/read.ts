import type { TObject } from "typebox";
import { Compile } from "typebox/compile";
import type { Envelope } from "../schemas/envelope.ts";
import { type BankEvent, type Catalogue, EVENTS, type EventSpec } from "./catalogue.ts";

/** Why an event cannot be understood here. A newer release of the reader may understand it. */
export type UnknownEventReason = "unknown_type" | "unknown_version" | "wrong_shape";

export class UnknownEventError extends Error {
  readonly code = "unknown_event";
  readonly retryable = false;
  override readonly name = "UnknownEventError";
  readonly reason: UnknownEventReason;

  constructor(reason: UnknownEventReason, text: string) {
    super(text);
    this.reason = reason;
  }
}

/** What of an envelope says how its data is to be read. */
type Upcastable = Pick<Envelope, "type" | "schemaVersion" | "data">;

/**
 * The one place where old versions become new ones. Gives the event with its data brought to the
 * newest version of its type, and that version as its `schemaVersion`; the log stays as it is.
 * Throws an UnknownEventError for a type or a version that is not in the catalogue.
 */
export function upcast<T extends Upcastable>(envelope: T, catalogue: Catalogue = EVENTS): T {
  const { type, schemaVersion } = envelope;
  const spec = specOf(catalogue, type);
  if (spec === undefined) {
    throw new UnknownEventError("unknown_type", `unknown event type ${type}`);
  }
  const newest = spec.versions.length;
  if (schemaVersion === newest) return envelope;
  if (schemaVersion > newest || schemaVersion < 1) {
    throw new UnknownEventError("unknown_version", `unknown schema version of ${type}`);
  }
  const data = spec.upcasters
    .slice(schemaVersion - 1)
    .reduce((older, next) => next(older), envelope.data as Record<string, unknown>);
  return { ...envelope, schemaVersion: newest, data };
}

/**
 * An event as its newest version, with data that is sure to be of the shape its type says. Throws
 * an UnknownEventError otherwise.
 */
export function readEvent(envelope: Envelope, catalogue: Catalogue = EVENTS): BankEvent {
  const event = upcast(envelope, catalogue);
  const schema = specOf(catalogue, event.type)?.versions.at(-1);
  if (schema === undefined || !validatorOf(schema).Check(event.data)) {
    throw new UnknownEventError("wrong_shape", `the data of a ${event.type} has another shape`);
  }
  return event as BankEvent;
}

/** Whether the catalogue has this type; only what is its own counts, not what objects inherit. */
function specOf(catalogue: Catalogue, type: string): EventSpec | undefined {
  return Object.hasOwn(catalogue, type) ? catalogue[type] : undefined;
}

const validators = new WeakMap<TObject, ReturnType<typeof Compile>>();

function validatorOf(schema: TObject): ReturnType<typeof Compile> {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const made = Compile(schema);
  validators.set(schema, made);
  return made;
}
