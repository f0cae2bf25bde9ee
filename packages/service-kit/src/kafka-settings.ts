import Type, { type Static } from "typebox";

/** `host:port`, several with commas. */
export const Brokers = Type.String({
  pattern: "^[A-Za-z0-9_.-]+:[0-9]{1,5}(,[A-Za-z0-9_.-]+:[0-9]{1,5})*$",
});

const Text = Type.Optional(Type.String({ minLength: 1 }));
const MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"] as const;

/** How Kafka's brokers are spoken to. */
const securitySettings = {
  /** TLS, by the authorities that Node knows unless `KAFKA_CA` has others. */
  KAFKA_TLS: Type.Enum(["true", "false"], { default: "false" }),
  /** Authorities of the brokers' certificates, in PEM; line ends may be written as `\n`. */
  KAFKA_CA: Text,
  /** A certificate of our own, and its key, in PEM. */
  KAFKA_CERT: Text,
  KAFKA_KEY: Text,
  /** How we say who we are; absent, we do not. */
  KAFKA_SASL_MECHANISM: Type.Optional(Type.Enum([...MECHANISMS])),
  KAFKA_USERNAME: Text,
  KAFKA_PASSWORD: Text,
};

/** Where Kafka is, for a service that can do without. */
export const kafkaSettings = { KAFKA_BROKERS: Type.Optional(Brokers), ...securitySettings };

/** Where Kafka is, for who looks after it. */
export const neededKafkaSettings = { KAFKA_BROKERS: Brokers, ...securitySettings };

/** Their names, for who hands them on. */
export const KAFKA_SETTINGS = Object.keys(kafkaSettings) as readonly (keyof typeof kafkaSettings)[];

const schema = Type.Object(kafkaSettings);
type Settings = Static<typeof schema>;

/** Kafka's brokers, and how to speak to them, as `@countinghouse/bus` takes it. */
export interface KafkaServers {
  readonly brokers: readonly string[];
  readonly security?: {
    readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
    readonly sasl?: {
      readonly mechanism: (typeof MECHANISMS)[number];
      readonly username: string;
      readonly password: string;
    };
  };
}

/** The brokers as the settings have them; undefined where there are none. */
export function kafkaServers(settings: Settings & { readonly KAFKA_BROKERS: string }): KafkaServers;
export function kafkaServers(settings: Settings): KafkaServers | undefined;
export function kafkaServers(settings: Settings): KafkaServers | undefined {
  if (settings.KAFKA_BROKERS === undefined) return undefined;
  const [tls, sasl] = [tlsOf(settings), saslOf(settings)];
  const brokers = settings.KAFKA_BROKERS.split(",");
  return { brokers, security: { ...(tls && { tls }), ...(sasl && { sasl }) } };
}

/** What of these settings needs others that are not there: each a sentence. */
export function incompleteKafka(values: Readonly<Record<string, unknown>>): string[] {
  const { KAFKA_TLS, KAFKA_CA, KAFKA_CERT, KAFKA_KEY } = values;
  const { KAFKA_SASL_MECHANISM, KAFKA_USERNAME, KAFKA_PASSWORD } = values;
  const problems: string[] = [];
  if ((KAFKA_CA || KAFKA_CERT || KAFKA_KEY) && KAFKA_TLS !== "true") {
    problems.push("KAFKA_TLS must be true where KAFKA_CA, KAFKA_CERT or KAFKA_KEY is set");
  }
  if ((KAFKA_CERT === undefined) !== (KAFKA_KEY === undefined)) {
    problems.push("KAFKA_CERT and KAFKA_KEY must both be set, or neither");
  }
  const sasl = [KAFKA_SASL_MECHANISM, KAFKA_USERNAME, KAFKA_PASSWORD];
  const given = sasl.filter((value) => value !== undefined).length;
  if (given !== 0 && given !== sasl.length) {
    problems.push(
      "KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD must all be set, or none",
    );
  }
  return problems;
}

function tlsOf({ KAFKA_TLS, KAFKA_CA: ca, KAFKA_CERT: cert, KAFKA_KEY: key }: Settings) {
  if (KAFKA_TLS !== "true") return undefined;
  return {
    ...(ca !== undefined && { ca: pem(ca) }),
    ...(cert !== undefined && { cert: pem(cert) }),
    ...(key !== undefined && { key: pem(key) }),
  };
}

function saslOf(settings: Settings) {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME, KAFKA_PASSWORD } = settings;
  if (mechanism === undefined || KAFKA_USERNAME === undefined || KAFKA_PASSWORD === undefined) {
    return undefined;
  }
  return { mechanism, username: KAFKA_USERNAME, password: KAFKA_PASSWORD };
}

/** Files of settings for containers have a line a setting. */
function pem(text: string): string {
  return text.replaceAll("\\n", "\n");
}
