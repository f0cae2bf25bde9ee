import { type Catalogue, EVENTS } from "./events/catalogue.ts";
import { dataSchemaOf } from "./events/documents.ts";
import type { GoldenEvent } from "./events/golden.ts";
import { logOperations } from "./operations/log.ts";
import { queryOperations } from "./operations/queries.ts";
import { Transaction } from "./schemas/accounts.ts";
import { CheckpointHeaders, CheckpointNote } from "./schemas/checkpoint-record.ts";
import { Envelope } from "./schemas/envelope.ts";
import { EventHeaders } from "./schemas/event-headers.ts";
import { Uuid } from "./schemas/primitives.ts";
import {
  ACCOUNT_EVENT_PARTITIONS,
  CHECKPOINT_PARTITIONS,
  topicsOf,
  USUAL_PREFIX,
} from "./topics.ts";

type Json = Record<string, unknown>;

/** One version of one event type, as the document names it: `TransferSentV1`. */
interface Described {
  readonly name: string;
  readonly type: string;
  readonly version: number;
  readonly schema: object;
  readonly summary: string;
  readonly isInTopic: boolean;
}

const BINDING_VERSION = { kafka: "0.5.0", http: "0.3.0" };

/**
 * The AsyncAPI 3 document of what the bank publishes: the topics of account events and checkpoints,
 * the log over HTTP and the live stream of an account, made from the very schemas that events are
 * read with. Old versions stay in it, since they stay in the log. Golden events serve as examples.
 */
export function asyncApiDocument(version: string, golden: readonly GoldenEvent[] = []): Json {
  const events = describedEvents();
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Countinghouse events",
      version,
      description:
        "Every movement of money is an event. Apply an account's events in the order of their " +
        "versions and drop the versions you have: events may come again, and none is left out.",
    },
    defaultContentType: "application/json",
    servers: servers(),
    channels: channels(events),
    operations: operations(events),
    components: {
      schemas: {
        Envelope,
        EventHeaders,
        CheckpointHeaders,
        CheckpointNote,
        Transaction,
        ...Object.fromEntries(events.map(({ name, schema }) => [name, schema])),
      },
      messages: {
        LogLine: logLine(events),
        CheckpointSigned: checkpointSigned(),
        TransactionApplied: transactionApplied(),
        ...Object.fromEntries(
          events.filter(({ isInTopic }) => isInTopic).map((event) => message(event, golden)),
        ),
      },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

function describedEvents(): Described[] {
  return Object.entries(EVENTS as Catalogue).flatMap(([type, { versions, summary, stream }]) => {
    return versions.map((schema, i) => {
      const version = i + 1;
      const name = `${type}V${version}`;
      return { name, type, version, schema, summary, isInTopic: stream === "account" };
    });
  });
}

function servers(): Json {
  return {
    kafka: {
      host: "{brokers}",
      protocol: "kafka",
      description: "The brokers that the bank publishes to, where it has some.",
      variables: { brokers: { default: "127.0.0.1:9092" } },
    },
    gateway: {
      host: "{gateway}",
      protocol: "http",
      description: "The gateway, which has the log over HTTP with or without Kafka.",
      variables: { gateway: { default: "127.0.0.1:8080" } },
    },
  };
}

function channels(events: readonly Described[]): Json {
  const inTopic = events.filter(({ isInTopic }) => isInTopic);
  return {
    accountEvents: {
      address: topicsOf("{prefix}").accountEvents,
      title: "Account events",
      description: "Keyed by account: the events of an account are in one partition, in order.",
      servers: [reference("servers", "kafka")],
      parameters: PREFIX,
      messages: Object.fromEntries(
        inTopic.map(({ name }) => [name, reference("components/messages", name)]),
      ),
      bindings: topicBindings(ACCOUNT_EVENT_PARTITIONS),
    },
    checkpoints: {
      address: topicsOf("{prefix}").checkpoints,
      title: "Signed checkpoints",
      description:
        "Keyed by origin, sizes ascending: each commits to every event before it. Whoever keeps " +
        "one can prove later that nothing was changed. A size may come again.",
      servers: [reference("servers", "kafka")],
      parameters: PREFIX,
      messages: { CheckpointSigned: reference("components/messages", "CheckpointSigned") },
      bindings: topicBindings(CHECKPOINT_PARTITIONS),
    },
    log: {
      address: logOperations.readLog.path,
      title: "The log over HTTP",
      description:
        "All events of a ledger in position order, for auditors: one envelope a line " +
        "(application/x-ndjson). With follow=true the answer stays open.",
      servers: [reference("servers", "gateway")],
      messages: { LogLine: reference("components/messages", "LogLine") },
    },
    accountStream: {
      address: queryOperations.streamTransactions.path,
      title: "The transactions of one account",
      description:
        "Server-sent events for whom may read the account. The id of an event is the version of " +
        "the account: Last-Event-ID has the answer go on after it.",
      servers: [reference("servers", "gateway")],
      parameters: { accountId: { description: "A UUID." } },
      messages: { TransactionApplied: reference("components/messages", "TransactionApplied") },
    },
  };
}

const PREFIX = {
  prefix: { default: USUAL_PREFIX, description: "What the bank's topics begin with." },
};

function topicBindings(partitions: number): Json {
  return {
    kafka: {
      partitions,
      topicConfiguration: { "cleanup.policy": ["delete"], "retention.ms": -1 },
      bindingVersion: BINDING_VERSION.kafka,
    },
  };
}

function operations(events: readonly Described[]): Json {
  const inTopic = events.filter(({ isInTopic }) => isInTopic);
  return {
    publishAccountEvents: {
      action: "send",
      summary: "The bank publishes every event of every account, at least once.",
      channel: reference("channels", "accountEvents"),
      messages: inTopic.map(({ name }) => reference("channels/accountEvents/messages", name)),
    },
    publishCheckpoints: {
      action: "send",
      summary: "The bank publishes every checkpoint that it has signed, at least once.",
      channel: reference("channels", "checkpoints"),
      messages: [reference("channels/checkpoints/messages", "CheckpointSigned")],
    },
    serveLog: {
      action: "send",
      summary: logOperations.readLog.summary,
      channel: reference("channels", "log"),
      messages: [reference("channels/log/messages", "LogLine")],
      security: [reference("components/securitySchemes", "bearer")],
      bindings: http(logOperations.readLog),
    },
    streamTransactions: {
      action: "send",
      summary: queryOperations.streamTransactions.summary,
      channel: reference("channels", "accountStream"),
      messages: [reference("channels/accountStream/messages", "TransactionApplied")],
      security: [reference("components/securitySchemes", "bearer")],
      bindings: http(queryOperations.streamTransactions),
    },
  };
}

function http({ method, query }: { readonly method: string; readonly query?: object }): Json {
  const { http: bindingVersion } = BINDING_VERSION;
  return { http: { method, ...(query !== undefined && { query }), bindingVersion } };
}

function message(event: Described, golden: readonly GoldenEvent[]): [string, Json] {
  const { name, type, version, summary } = event;
  const examples = golden
    .filter((example) => example.type === type && example.schemaVersion === version)
    .map(({ envelope }) => ({ name: "from a log", payload: envelope.data }));
  return [
    name,
    {
      name: dataSchemaOf(type, version),
      title: `${type}, version ${version}`,
      summary,
      contentType: "application/json",
      headers: reference("components/schemas", "EventHeaders"),
      payload: reference("components/schemas", name),
      correlationId: { location: "$message.header#/ce_correlationid" },
      bindings: { kafka: { key: Uuid, bindingVersion: BINDING_VERSION.kafka } },
      ...(examples.length > 0 && { examples }),
    },
  ];
}

function checkpointSigned(): Json {
  return {
    name: "CheckpointSigned",
    title: "A signed checkpoint of a ledger (C2SP tlog-checkpoint)",
    contentType: "text/plain",
    headers: reference("components/schemas", "CheckpointHeaders"),
    payload: reference("components/schemas", "CheckpointNote"),
    bindings: { kafka: { key: { type: "string" }, bindingVersion: BINDING_VERSION.kafka } },
  };
}

function transactionApplied(): Json {
  return {
    name: "TransactionApplied",
    title: "A transaction that the read tables have",
    contentType: "application/json",
    payload: reference("components/schemas", "Transaction"),
  };
}

/** An envelope whose type and schema version say which schema its data has. */
function logLine(events: readonly Described[]): Json {
  return {
    name: "LogLine",
    title: "One event of the log",
    contentType: "application/x-ndjson",
    payload: {
      allOf: [reference("components/schemas", "Envelope")],
      oneOf: events.map(({ name, type, version }) => ({
        title: name,
        properties: {
          type: { const: type },
          schemaVersion: { const: version },
          data: reference("components/schemas", name),
        },
      })),
    },
  };
}

function reference(place: string, name: string): Json {
  return { $ref: `#/${place}/${name}` };
}
