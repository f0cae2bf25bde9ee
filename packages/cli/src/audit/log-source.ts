import type { Envelope } from "@countinghouse/contracts";
import { readChunks, readHead } from "@countinghouse/verifier";
import { CliError } from "../cli-error.ts";
import type { Bank } from "./bank.ts";
import type { BundleFolder } from "./folder.ts";

/** As many as the bank gives at once. */
const PAGE_EVENTS = 10_000;

/** The events of a bundle in their order. Throws a CliError for what is no event. */
export async function* eventsOfBundle(folder: BundleFolder): AsyncGenerator<Envelope> {
  const report = () => {
    throw new CliError(`${folder.path} is damaged; to find out where: audit verify`);
  };
  const head = await readHead(folder.read, report);
  for await (const { entries } of readChunks(folder.read, head?.checkpoint.size ?? 0, report)) {
    for (const entry of entries ?? []) yield parse(entry.toString());
  }
}

/** The events of a bank's log in their order, to its end, perhaps of one stream. */
export async function* eventsOfBank(bank: Bank, stream?: string): AsyncGenerator<Envelope> {
  for (let after = 0; ; ) {
    const query = { after, limit: PAGE_EVENTS, ...(stream !== undefined && { stream }) };
    const lines = await bank.events(query);
    const events = lines.map(parse);
    yield* events;
    if (lines.length < PAGE_EVENTS) return;
    after = events.at(-1)?.position ?? after + lines.length;
  }
}

function parse(text: string): Envelope {
  try {
    return JSON.parse(text) as Envelope;
  } catch (cause) {
    throw new CliError("A line of the log is no event; to find out where: audit verify", { cause });
  }
}
