import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Collect = (gauge: Gauge<string>) => void | Promise<void>;

/** The metrics of one service, made by its entry: services share a process but no registry. */
export interface Metrics {
  readonly registry: Registry;
  counter(name: string, help: string, labels?: string[]): Counter<string>;
  /** `collect` is called, and waited for, whenever the metrics are read. */
  gauge(name: string, help: string, labels?: string[], collect?: Collect): Gauge<string>;
  /** A histogram of seconds. */
  seconds(name: string, help: string, labels?: string[]): Histogram<string>;
}

export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labelNames = []) => new Counter({ name, help, labelNames, registers }),
    gauge(name, help, labelNames = [], collect) {
      const options = { name, help, labelNames, registers };
      if (collect === undefined) return new Gauge(options);
      return new Gauge({
        ...options,
        collect() {
          return collect(this);
        },
      });
    },
    seconds: (name, help, labelNames = []) => {
      return new Histogram({ name, help, labelNames, registers, buckets: SECONDS });
    },
  };
}
