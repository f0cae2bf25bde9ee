export * from "./databases.ts";
export { fetchJars, type LocalBroker, startLocalBroker } from "./kafka/local-broker.ts";
export * from "./kafka.ts";
