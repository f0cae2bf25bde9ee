import Type from "typebox";
import { expect, test } from "vitest";
import { kafkaServers, kafkaSettings, loadConfig } from "../src/index.ts";

const schema = Type.Object(kafkaSettings);
const serversOf = (env: Record<string, string>) => {
  return kafkaServers(loadConfig("test", schema, { KAFKA_BROKERS: "a:1,b:2", ...env }));
};

test("without more than brokers, connections are plain and nobody's", () => {
  expect(serversOf({})).toEqual({ brokers: ["a:1", "b:2"], security: {} });
  expect(kafkaServers(loadConfig("test", schema, {}))).toBeUndefined();
});

test("[S1] TLS trusts the usual authorities, or those given, on one line, too", () => {
  expect(serversOf({ KAFKA_TLS: "true" })?.security).toEqual({ tls: {} });
  const given = { KAFKA_TLS: "true", KAFKA_CA: "one\\ntwo", KAFKA_CERT: "c\nd", KAFKA_KEY: "k" };
  expect(serversOf(given)?.security).toEqual({ tls: { ca: "one\ntwo", cert: "c\nd", key: "k" } });
});

test("who the service is goes to the brokers whole, or the service does not start", () => {
  const [KAFKA_USERNAME, KAFKA_PASSWORD] = ["bank", "one of tests"];
  const sasl = { KAFKA_SASL_MECHANISM: "scram-sha-256", KAFKA_USERNAME, KAFKA_PASSWORD };
  expect(serversOf(sasl)?.security).toEqual({
    sasl: { mechanism: "scram-sha-256", username: KAFKA_USERNAME, password: KAFKA_PASSWORD },
  });
  expect(() => serversOf({ KAFKA_USERNAME })).toThrow(/must all be set, or none/);
});
