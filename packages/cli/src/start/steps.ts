import { styleText } from "node:util";
import Table from "cli-table3";

/** Says what is being done, a line each, with the time it took. */
export interface Steps {
  run<T>(title: string, work: () => Promise<T>): Promise<T>;
  say(line: string): void;
}

/** Steps on `out`. None begins once `signal` says to stop; it throws its reason instead. */
export function createSteps(out: NodeJS.WriteStream, signal: AbortSignal): Steps {
  const paint = (style: "green" | "dim", text: string) => {
    return out.isTTY ? styleText(style, text) : text;
  };
  const say = (line: string) => void out.write(`${line}\n`);
  return {
    say,
    async run(title, work) {
      signal.throwIfAborted();
      const startedAt = performance.now();
      if (out.isTTY) out.write(paint("dim", `  ${title} …`));
      const result = await work().finally(() => out.isTTY && out.write("\r\x1b[K"));
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      say(`${paint("green", "✔")} ${title} ${paint("dim", `(${seconds} s)`)}`);
      return result;
    },
  };
}

/** A table of two columns, for people. */
export function tableOf(rows: readonly (readonly [string, string])[]): string {
  const table = new Table({ style: { head: [], border: [] } });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
