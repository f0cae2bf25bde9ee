import { gapsIn, wholeTopic } from "@countinghouse/testing/kafka-topic";
import type { Folded } from "./fold.ts";
import type { Logged } from "./log.ts";

/** What is not in a topic as it is in the log. It may be behind it: then ask again. */
export async function differencesInTopic(
  brokers: string,
  topic: string,
  events: readonly Logged[],
  accounts: ReadonlyMap<string, Folded>,
): Promise<string[]> {
  const records = await wholeTopic(brokers, topic);
  const seen = new Map(records.map((record) => [record.eventId, record]));
  const wanted = events.filter(({ streamId }) => accounts.has(streamId));
  const wrong = wanted.flatMap(({ eventId, position, streamId, version, dataText }) => {
    const record = seen.get(eventId);
    seen.delete(eventId);
    if (record === undefined) return [`position ${position} is not in the topic`];
    const is = `${record.account} ${record.version} ${record.position} ${record.value}`;
    const was = `${streamId} ${version} ${position} ${dataText}`;
    return is === was ? [] : [`position ${position} is another event in the topic`];
  });
  const more = [...seen.values()].map(({ eventId }) => `the log has no ${eventId}`);
  return [...gapsIn(records), ...wrong, ...more];
}
