import { readFileSync } from "node:fs";
import { unpackWoff } from "./woff.ts";

/** The faces that the page is set in; the last has letters of nearly all scripts, if plain ones. */
const FILES = {
  regular: import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf"),
  bold: import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf"),
  japanese: import.meta.resolve(
    "@expo-google-fonts/noto-sans-jp/400Regular/NotoSansJP_400Regular.ttf",
  ),
  last: import.meta.resolve("@fontsource/unifontex/files/unifontex-latin-400-normal.woff"),
} as const;

export type Face = keyof typeof FILES;

const loaded = new Map<Face, Buffer>();

/** The TrueType font of a face, read once. */
export function fontOf(face: Face): Buffer {
  const known = loaded.get(face);
  if (known !== undefined) return known;
  const bytes = readFileSync(new URL(FILES[face]));
  const font = FILES[face].endsWith(".woff") ? unpackWoff(bytes) : bytes;
  loaded.set(face, font);
  return font;
}

/** Letters in a row that one face has. */
export interface Run {
  readonly face: Face;
  readonly text: string;
}

/** Whether a face has a letter, by its code point. */
export type HasLetter = (face: Face, codePoint: number) => boolean;

/** Splits text into runs, each in the first face that has its letters. */
export function runsOf(text: string, weight: "regular" | "bold", has: HasLetter): Run[] {
  const faces: readonly Face[] = [weight, "japanese", "last"];
  const runs: { face: Face; text: string }[] = [];
  for (const letter of text) {
    const codePoint = letter.codePointAt(0) ?? 0;
    const run = runs.at(-1);
    // Marks and joiners stay with the letter that they belong to, while its face has them.
    const sticks = run !== undefined && /[\p{M}\u200c\u200d]/u.test(letter);
    const wanted = sticks && has(run.face, codePoint) ? [run.face] : faces;
    const face = wanted.find((one) => has(one, codePoint)) ?? "last";
    if (run?.face === face) run.text += letter;
    else runs.push({ face, text: letter });
  }
  return runs;
}
