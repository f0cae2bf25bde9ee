import { type Actor, dataSchemaOf, type Envelope, type EventMeta } from "@countinghouse/contracts";
import { UnreadableRecordError } from "./errors.ts";

/** An event as a record of a topic. */
export interface EventRecord {
  /** The stream: all events of a stream are in one partition, in their order. */
  readonly key: string;
  /** The event's data as JSON, byte for byte as in the log. */
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record as Kafka clients hand it out: bytes, and headers that may be given several times. */
export interface RawRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, RawHeader | undefined>>;
}
type RawHeader = Buffer | string | readonly (Buffer | string)[];

/*
 * CloudEvents 1.0, binary mode (Kafka protocol binding 3.2). The extension attributes carry what
 * the standard has no name for, so that the envelope is whole again at the other end:
 *   ce_ledger ce_position ce_streamversion ce_schemaversion ce_actor (JSON)
 *   ce_correlationid ce_causationid? ce_traceparent? (distributed tracing extension)
 */

/** An event whose data and meta are the text that the log keeps, canonical JSON. */
export type LoggedEvent = Omit<Envelope, "data" | "meta"> & {
  readonly data: string;
  readonly meta: string;
};

/** The envelope as a CloudEvents record. */
export function toRecord(envelope: Envelope): EventRecord {
  const { data, meta } = envelope;
  return recordOf({ ...envelope, data: JSON.stringify(data) }, meta);
}

/** An event of the log as a CloudEvents record; its data is passed on unread. */
export function toRecordAsLogged(event: LoggedEvent): EventRecord {
  return recordOf(event, JSON.parse(event.meta) as EventMeta);
}

function recordOf(event: Omit<LoggedEvent, "meta">, meta: EventMeta): EventRecord {
  const { eventId, streamId, type, schemaVersion } = event;
  const { causationId, traceparent } = meta;
  const headers: Record<string, string> = {
    "content-type": "application/json",
    ce_specversion: "1.0",
    ce_id: eventId,
    ce_type: type,
    ce_source: `/countinghouse/ledgers/${meta.ledger}`,
    ce_subject: streamId,
    ce_time: event.recordedAt,
    ce_dataschema: dataSchemaOf(type, schemaVersion),
    ce_ledger: String(meta.ledger),
    ce_position: String(event.position),
    ce_streamversion: String(event.version),
    ce_schemaversion: String(schemaVersion),
    ce_actor: JSON.stringify(meta.actor),
    ce_correlationid: meta.correlationId,
  };
  if (causationId !== undefined) headers.ce_causationid = causationId;
  if (traceparent !== undefined) headers.ce_traceparent = traceparent;
  return { key: streamId, value: event.data, headers };
}

/**
 * The envelope that a record was made from, to the order of its members. Throws an
 * UnreadableRecordError for a record that is none of ours.
 */
export function fromRecord(record: RawRecord): Envelope {
  const header = headersOf(record);
  if (header("ce_specversion") !== "1.0") throw unreadable("another version of CloudEvents");
  return {
    position: integer(header, "ce_position"),
    eventId: uuid(header, "ce_id"),
    streamId: uuid(header, "ce_subject"),
    version: integer(header, "ce_streamversion"),
    type: required(header, "ce_type"),
    schemaVersion: integer(header, "ce_schemaversion"),
    data: object(record.value?.toString(), "the value"),
    meta: metaOf(header),
    recordedAt: moment(header, "ce_time"),
  };
}

type Header = (name: string) => string | undefined;

function headersOf({ headers = {} }: RawRecord): Header {
  return (name) => {
    const given = headers[name];
    if (given === undefined || typeof given === "string") return given;
    if (Buffer.isBuffer(given)) return given.toString();
    throw unreadable(`several ${name}`);
  };
}

/** In the order of canonical JSON, as it is in the log. */
function metaOf(header: Header): EventMeta {
  const [causationId, traceparent] = [header("ce_causationid"), header("ce_traceparent")];
  return {
    actor: object(required(header, "ce_actor"), "ce_actor") as Actor,
    ...(causationId !== undefined && { causationId }),
    correlationId: required(header, "ce_correlationid"),
    ledger: integer(header, "ce_ledger"),
    ...(traceparent !== undefined && { traceparent }),
  };
}

function required(header: Header, name: string): string {
  const value = header(name);
  if (value === undefined) throw unreadable(`no ${name}`);
  return value;
}

function integer(header: Header, name: string): number {
  const text = required(header, name);
  const value = Number(text);
  if (!/^[1-9][0-9]*$/.test(text) || !Number.isSafeInteger(value)) {
    throw unreadable(`${name} is no number`);
  }
  return value;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function uuid(header: Header, name: string): string {
  const text = required(header, name);
  if (!UUID.test(text)) throw unreadable(`${name} is no UUID`);
  return text;
}

const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

function moment(header: Header, name: string): string {
  const text = required(header, name);
  if (!MOMENT.test(text) || Number.isNaN(Date.parse(text))) throw unreadable(`${name} is no time`);
  return text;
}

function object(text: string | undefined, what: string): Record<string, unknown> {
  const value = parsed(text, what);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unreadable(`${what} is no JSON object`);
  }
  return value as Record<string, unknown>;
}

function parsed(text: string | undefined, what: string): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch (cause) {
    throw unreadable(`${what} is no JSON`, cause);
  }
}

function unreadable(text: string, cause?: unknown): UnreadableRecordError {
  return new UnreadableRecordError(text, { cause });
}
