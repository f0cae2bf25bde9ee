import { BrokenLogError } from "../errors.ts";

/** Far longer than any event. */
const LINE_MAX = 1024 * 1024;

/** The lines of an answer as they arrive, without line feeds. Half a line at its end is dropped. */
export async function* linesOf(response: Response): AsyncGenerator<string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_MAX) throw new BrokenLogError("a line of the log has no end");
    if (lines.length > 0) yield lines.filter((line) => line !== "");
  }
}
