export {
  type EventRecord,
  fromRecord,
  type LoggedEvent,
  type RawRecord,
  toRecord,
  toRecordAsLogged,
} from "./cloud-event.ts";
export * from "./errors.ts";
export { canReachBrokers } from "./kafka/client.ts";
export {
  createPublisher,
  PUBLISH_MAX,
  type Publisher,
  type PublisherOptions,
} from "./kafka/publisher.ts";
export { readWholeTopic, type WholeRecord } from "./kafka/read-whole.ts";
export { subscribeKafka } from "./kafka/subscribe.ts";
export {
  checkTopic,
  dropTopic,
  ensureTopic,
  type TopicDifference,
  type TopicSpec,
  type TopicState,
} from "./kafka/topic.ts";
export { subscribeLog } from "./log-over-http/subscribe.ts";
export { partitionOf } from "./partition.ts";
export type * from "./port.ts";
