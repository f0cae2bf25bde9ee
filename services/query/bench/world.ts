import { DATABASES, urlFor } from "@countinghouse/cli";
import { type World as AnyWorld, openWorld as openAny } from "@countinghouse/testing/world";

export interface World extends AnyWorld {
  readonly urls: {
    readonly owner: string;
    readonly reader: string;
    readonly projector: string;
    readonly relay: string;
  };
}

/** The databases, and the roles that read tables are measured with. */
export async function openWorld(): Promise<World> {
  const world = await openAny();
  const { server } = world;
  const urls = {
    owner: urlFor(server, DATABASES.query.owner, "query"),
    reader: urlFor(server, "countinghouse_query", "query"),
    projector: urlFor(server, "countinghouse_projector", "query"),
    relay: urlFor(server, "countinghouse_relay", "ledger"),
  };
  return { ...world, urls };
}
