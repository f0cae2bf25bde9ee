export type { KafkaSasl, KafkaSecurity } from "@countinghouse/bus";
export {
  type BankEvent,
  type Envelope,
  type EventType,
  TOPICS,
  topicsOf,
} from "@countinghouse/contracts";
export type { Counts } from "./apply.ts";
export * from "./errors.ts";
export type { StoppedAccount, StopReason } from "./plan.ts";
export { type HttpLogOptions, httpLog } from "./sources/http-log.ts";
export { type KafkaOptions, kafka } from "./sources/kafka.ts";
export { type PasswordTokenOptions, passwordToken } from "./sources/password-token.ts";
export type * from "./sources/source.ts";
export { memoryStore } from "./stores/memory-store.ts";
export {
  type PostgresClient,
  type PostgresPool,
  type PostgresStore,
  postgresStore,
} from "./stores/postgres-store.ts";
export type * from "./stores/store.ts";
export { type SubscribeOptions, type Subscription, subscribe } from "./subscribe.ts";
