import type { Envelope } from "@countinghouse/contracts";
import type { Consumer, EachBatchPayload, KafkaMessage } from "kafkajs";
import { fromRecord, type RawRecord } from "../cloud-event.ts";
import { deliver } from "../deliver.ts";
import { UnreadableRecordError } from "../errors.ts";
import type { BusLogger, EventBatch, KafkaSubscriptionOptions, UnreadableRecord } from "../port.ts";

/** Records handed to the handler at once. */
const CHUNK_MAX = 1_000;
/** While a handler works the group has to hear from this member. */
const HEARTBEAT_EVERY_MS = 1_000;

interface Taking {
  readonly options: KafkaSubscriptionOptions;
  /** Partitions known to be read from where the handler is. */
  readonly placed: Set<number>;
  readonly consumer: Consumer;
  readonly signal: AbortSignal;
}

/**
 * Hands the records of one fetch to the handler, chunk by chunk. Kafka keeps no offsets for us: the
 * first batch after each join is compared with the stored offset, and read again from there.
 */
export async function takeBatch(payload: EachBatchPayload, taking: Taking): Promise<void> {
  const { batch, resolveOffset, heartbeat, isStale, isRunning } = payload;
  const { options, signal } = taking;
  if (batch.isEmpty() || !(await isInPlace(payload, taking))) return;
  for (let i = 0; i < batch.messages.length; i += CHUNK_MAX) {
    const chunk = batch.messages.slice(i, i + CHUNK_MAX);
    const last = chunk.at(-1);
    if (last === undefined || signal.aborted || isStale() || !isRunning()) return;
    const left = new AbortController();
    const until = AbortSignal.any([signal, left.signal]);
    const beats = keepAlive(heartbeat, () => left.abort());
    const source = sourceOf(options.topic, batch.partition);
    const isTaken = await deliver(
      read(source, chunk, options.logger),
      options.onBatch,
      until,
      options.logger,
    ).finally(() => beats.stop());
    beats.check();
    if (!isTaken) return;
    resolveOffset(last.offset);
    await heartbeat();
  }
}

function sourceOf(topic: string, partition: number): string {
  return `kafka:${topic}:${partition}`;
}

async function isInPlace(
  { batch, isStale, isRunning }: EachBatchPayload,
  { options, placed, consumer, signal }: Taking,
): Promise<boolean> {
  const { topic, partition } = batch;
  if (placed.has(partition)) return true;
  const source = sourceOf(topic, partition);
  const next = await options.store.position(source);
  if (signal.aborted || isStale() || !isRunning()) return false;
  placed.add(partition);
  if (BigInt(batch.firstOffset() ?? next) === next) return true;
  consumer.seek({ topic, partition, offset: String(next) });
  return false;
}

function read(source: string, chunk: readonly KafkaMessage[], logger: BusLogger): EventBatch {
  const events: Envelope[] = [];
  const unreadable: UnreadableRecord[] = [];
  for (const message of chunk) {
    try {
      events.push(fromRecord(message as RawRecord));
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      const { message: reason } = error;
      const record = { offset: BigInt(message.offset), key: message.key?.toString(), reason };
      unreadable.push(record);
      logger.error({ source, offset: message.offset, reason }, "a record is no event; passed over");
    }
  }
  const last = chunk.at(-1);
  return { source, events, unreadable, next: BigInt(last?.offset ?? 0) + 1n };
}

/** Heartbeats until stopped; one that fails says that the partition is another member's now. */
function keepAlive(heartbeat: () => Promise<void>, onLeft: () => void) {
  let failure: unknown;
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      failure ??= error;
      onLeft();
    });
  }, HEARTBEAT_EVERY_MS);
  return {
    stop: () => clearInterval(timer),
    /** Throws what a heartbeat failed with, for kafkajs to join the group anew. */
    check() {
      if (failure !== undefined) throw failure;
    },
  };
}
