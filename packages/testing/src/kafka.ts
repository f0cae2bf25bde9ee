import { describe, inject } from "vitest";

/** The brokers of the Kafka that the tests share. Throws where there is none. */
export function kafkaBrokers(): string[] {
  const brokers = inject("kafkaBrokers");
  if (brokers === "") throw new Error("there is no Kafka here");
  return brokers.split(",");
}

/**
 * `describe` for tests that need Kafka. Where there is none they are skipped, which the start of
 * the run has said; with REQUIRE_KAFKA=1 the run does not get so far.
 */
export const describeWithKafka = describe.runIf(inject("kafkaBrokers") !== "");
