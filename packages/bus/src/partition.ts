import { type PartitionerArgs, Partitioners } from "kafkajs";

const byKey = Partitioners.DefaultPartitioner();
const partitionsOf = new Map<number, PartitionerArgs["partitionMetadata"]>();

/**
 * The partition of a key: murmur2 of its bytes, modulo the number of partitions, as the default
 * partitioner of Kafka's own clients does it; so whoever knows the key finds the partition.
 */
export function partitionOf(key: string, partitions: number): number {
  let partitionMetadata = partitionsOf.get(partitions);
  if (partitionMetadata === undefined) {
    partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => {
      return { partitionId, leader: 0, replicas: [], isr: [], partitionErrorCode: 0 };
    });
    partitionsOf.set(partitions, partitionMetadata);
  }
  return byKey({ topic: "", partitionMetadata, message: { key, value: null } });
}
