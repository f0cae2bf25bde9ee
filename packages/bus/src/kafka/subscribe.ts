import { setTimeout as pause } from "node:timers/promises";
import type { Consumer, EachBatchPayload } from "kafkajs";
import { createBackoff } from "../backoff.ts";
import type { EventSubscription, KafkaSubscriptionOptions } from "../port.ts";
import { createKafka, RETRY } from "./client.ts";
import { takeBatch } from "./take-batch.ts";

const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_EVERY_MS = 1_000;
/** How long members have to finish what they do when one joins or leaves. */
const REBALANCE_TIMEOUT_MS = 20_000;
/** A fetch answers when there is something, or after this. */
const FETCH_WAIT_MS = 500;
/** About a thousand events of a partition. */
const BYTES_PER_PARTITION = 1024 * 1024;
const PARTITIONS_AT_ONCE = 4;
/** What a consumer that ends may take to say so to brokers that may not be there. */
const LEAVE_TIMEOUT_MS = 3_000;

/** Follows a topic as a member of a group, each partition a source `kafka:<topic>:<partition>`. */
export function subscribeKafka(options: KafkaSubscriptionOptions): EventSubscription {
  const stopping = new AbortController();
  const { signal } = stopping;
  const handling = new Set<Promise<void>>();
  let running: Promise<void> | undefined;

  async function consumeForEver(): Promise<void> {
    const backoff = createBackoff();
    while (!signal.aborted) {
      try {
        await consume(options, handling, signal);
        backoff.reset();
      } catch (err) {
        if (signal.aborted) return;
        options.logger.warn(
          { err, topic: options.topic },
          "the topic is out of reach; trying again",
        );
      }
      await backoff.wait(signal);
    }
  }

  return {
    run() {
      if (running !== undefined) throw new Error("a subscription runs once");
      running = consumeForEver();
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled([...handling]);
      await running;
    },
  };
}

/** One consumer, until it has crashed for good (rejects) or the signal is aborted. */
async function consume(
  options: KafkaSubscriptionOptions,
  handling: Set<Promise<void>>,
  signal: AbortSignal,
): Promise<void> {
  const consumer = createConsumer(options);
  const ended = Promise.withResolvers<void>();
  const end = () => ended.resolve();
  signal.addEventListener("abort", end, { once: true });
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    if (!restart) ended.reject(error);
  });
  // What was placed is no longer known after a join: partitions have come and gone.
  const placed = new Set<number>();
  consumer.on(consumer.events.GROUP_JOIN, () => placed.clear());
  const eachBatch = (payload: EachBatchPayload) => {
    const work = takeBatch(payload, { options, placed, consumer, signal });
    const settled = work.catch(() => undefined).finally(() => handling.delete(settled));
    handling.add(settled);
    return work;
  };
  const started = (async () => {
    await consumer.connect();
    await consumer.subscribe({ topics: [options.topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: options.partitionsAtOnce ?? PARTITIONS_AT_ONCE,
      eachBatch,
    });
  })();
  started.catch(ended.reject);
  try {
    await ended.promise;
  } finally {
    signal.removeEventListener("abort", end);
    await Promise.race([
      leave(started, consumer),
      pause(LEAVE_TIMEOUT_MS, undefined, { ref: false }),
    ]);
  }
}

/** Waits for a start under way first: else its connections would stay. */
async function leave(started: Promise<void>, consumer: Consumer): Promise<void> {
  await started.catch(() => undefined);
  await consumer.disconnect().catch(() => undefined);
}

function createConsumer(options: KafkaSubscriptionOptions): Consumer {
  const { groupId, logger } = options;
  return createKafka(options, groupId, logger).consumer({
    groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_EVERY_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: BYTES_PER_PARTITION,
    allowAutoTopicCreation: false,
    retry: { ...RETRY },
  });
}
