export * from "./certificate.ts";
export * from "./databases.ts";
export * from "./fake-bank.ts";
export { TEST_SECRET } from "./global-setup.ts";
export { fetchJars } from "./kafka/jars.ts";
export { type LocalBroker, type SecureListener, startLocalBroker } from "./kafka/local-broker.ts";
export { type ClusterNode, type LocalCluster, startLocalCluster } from "./kafka/local-cluster.ts";
export * from "./kafka.ts";
export * from "./redis.ts";
