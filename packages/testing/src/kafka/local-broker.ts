import { freePorts } from "@countinghouse/cli";
import { formatNode } from "./node.ts";

const TRIES = 3;

/** A Kafka broker on the local JVM: one node in KRaft mode, its data in a folder of its own. */
export interface LocalBroker {
  readonly brokers: string;
  /** Ends it at once, as a power cut would; `start` brings it back on the same data. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Formats and starts a broker with its data in `folder`. Needs Java 17 and the jars. */
export async function startLocalBroker(folder: string): Promise<LocalBroker> {
  for (let tries = 1; ; tries += 1) {
    const [port = 0, controller = 0] = await freePorts(2);
    const node = await formatNode({
      ...{ id: 1, folder, port, voters: [`1@127.0.0.1:${controller}`] },
      settings: { "offsets.topic.replication.factor": 1 },
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
      start,
      kill: () => node.end("SIGKILL"),
      async stop() {
        await node.end("SIGTERM");
        node.removeData();
      },
    };
  }
}
