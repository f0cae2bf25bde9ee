import { freePorts } from "@countinghouse/cli";
import { formatNode } from "./node.ts";

const TRIES = 3;

/** A Kafka broker on the local JVM: one node in KRaft mode, its data in a folder of its own. */
export interface LocalBroker {
  readonly brokers: string;
  /** Where its secure listener is, if it was given one. */
  readonly secureBrokers: string;
  /** Ends it at once, as a power cut would; `start` brings it back on the same data. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** A listener for clients that say who they are, beside the plain one. */
export interface SecureListener {
  readonly protocol: "SASL_SSL" | "SASL_PLAINTEXT";
  /** Users of the mechanism PLAIN, and their passwords. */
  readonly plain: Readonly<Record<string, string>>;
  /** Users of SCRAM-SHA-256 and SCRAM-SHA-512, and their passwords. */
  readonly scram: Readonly<Record<string, string>>;
  /** A PKCS#12 key store with the broker's key and certificate, where the protocol is SASL_SSL. */
  readonly keyStore: { readonly path: string; readonly password: string };
}

function withSecureListener(
  port: number,
  controller: number,
  securePort: number,
  { protocol, plain, keyStore }: SecureListener,
): Record<string, string> {
  const at = (number: number) => `127.0.0.1:${number}`;
  const clients = `BROKER://${at(port)},SECURE://${at(securePort)}`;
  const users = Object.entries(plain).map(([name, password]) => `user_${name}="${password}"`);
  const modules = "org.apache.kafka.common.security";
  const named = `${modules}.plain.PlainLoginModule required ${users.join(" ")};`;
  const scram = `${modules}.scram.ScramLoginModule required;`;
  return {
    listeners: `${clients},CONTROLLER://${at(controller)}`,
    "advertised.listeners": clients,
    "listener.security.protocol.map": `BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:${protocol}`,
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.secure.plain.sasl.jaas.config": named,
    "listener.name.secure.scram-sha-256.sasl.jaas.config": scram,
    "listener.name.secure.scram-sha-512.sasl.jaas.config": scram,
    "ssl.keystore.type": "PKCS12",
    "ssl.keystore.location": keyStore.path,
    "ssl.keystore.password": keyStore.password,
    "ssl.key.password": keyStore.password,
  };
}

/** Formats and starts a broker with its data in `folder`. Needs Java 17 and the jars. */
export async function startLocalBroker(
  folder: string,
  secure?: SecureListener,
): Promise<LocalBroker> {
  for (let tries = 1; ; tries += 1) {
    const [port = 0, controller = 0, securePort = 0] = await freePorts(3);
    const node = await formatNode({
      ...{ id: 1, folder, port, voters: [`1@127.0.0.1:${controller}`] },
      settings: {
        "offsets.topic.replication.factor": 1,
        ...(secure !== undefined && withSecureListener(port, controller, securePort, secure)),
      },
      ...(secure !== undefined && { scram: secure.scram }),
    });
    const start = async () => {
      node.launch();
      await node.untilReady(1);
    };
    try {
      await start();
    } catch (error) {
      // Another process may have taken the port between our asking and the broker's binding.
      if (tries === TRIES) throw error;
      continue;
    }
    return {
      brokers: node.address,
      secureBrokers: `127.0.0.1:${securePort}`,
      start,
      kill: () => node.end("SIGKILL"),
      async stop() {
        await node.end("SIGTERM");
        node.removeData();
      },
    };
  }
}
