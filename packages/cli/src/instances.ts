import { SERVICE_NAMES, type Service } from "./services.ts";

/** Of these several may run: they answer alike, and nothing that counts is in one alone. */
const SEVERAL = ["query", "gateway"] as const;
type Several = (typeof SEVERAL)[number];
/** Instances of one service at most. */
const INSTANCES_MAX = 16;

/** How many instances of a service run; one unless said. */
export type Instances = Readonly<Partial<Record<Several, number>>>;

/** The first instance of a service is called as the service; `query-2` is the second of query. */
export type InstanceName = Service | `${Several}-${number}`;

/** Reads `query=2,gateway=2`. Throws a RangeError that says what it must be. */
export function parseInstances(text: string): Instances {
  const pairs = text.split(",").map((part) => {
    const [, name, count] = /^(\w+)=([0-9]{1,2})$/.exec(part) ?? [];
    const service = SEVERAL.find((one) => one === name);
    if (service === undefined || Number(count) < 1 || Number(count) > INSTANCES_MAX) {
      throw new RangeError(`It must be like query=2,gateway=2, each up to ${INSTANCES_MAX}.`);
    }
    return [service, Number(count)] as const;
  });
  return Object.fromEntries(pairs);
}

/** All instances, in the order in which they can start; they end the other way round. */
export function instanceNames(instances: Instances): InstanceName[] {
  return SERVICE_NAMES.flatMap((service) => [service, ...moreOf(service, instances)]);
}

/** The instances of a service after its first. */
export function moreOf(service: Service, instances: Instances): InstanceName[] {
  const several = SEVERAL.find((one) => one === service);
  if (several === undefined) return [];
  const count = instances[several] ?? 1;
  return Array.from({ length: count - 1 }, (_, i) => `${several}-${i + 2}` as const);
}

/** The service that an instance is of. */
export function serviceOf(name: InstanceName): Service {
  return name.replace(/-\d+$/, "") as Service;
}
