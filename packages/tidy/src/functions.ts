/** A function declaration: its name, its first line (from 1) and how many lines it has. */
export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  readonly length: number;
}

const DECLARATION = /^(\s*)(?:export )?(?:async )?function\*? (\w+)/;

/** The function declarations of a formatted file: each ends at the brace below its first column. */
export function functionsOf(lines: readonly string[]): FunctionSpan[] {
  return lines.flatMap((text, start) => {
    const [, indent, name] = DECLARATION.exec(text) ?? [];
    if (indent === undefined || name === undefined) return [];
    const end = lines.findIndex((line, i) => i >= start && line === `${indent}}`);
    return end < 0 ? [] : [{ name, line: start + 1, length: end - start + 1 }];
  });
}
