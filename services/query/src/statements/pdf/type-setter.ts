import PDFDocument from "pdfkit";
import { type Face, fontOf, runsOf } from "./fonts.ts";

export interface Style {
  readonly size: number;
  readonly weight?: "regular" | "bold";
  readonly color?: string;
}

/** Sets text on the pages of a document; measures are points, from the top left of the page. */
export interface TypeSetter {
  readonly document: PDFKit.PDFDocument;
  left(text: string, x: number, y: number, style: Style): void;
  /** So that the text ends at `x`; smaller where it would be wider than `most`. */
  right(text: string, x: number, y: number, style: Style, most?: number): void;
  /** The text in lines of at most this width, broken between words where it can be. */
  lines(text: string, width: number, style: Style): string[];
}

/** Nothing in the file says when it was made, only when what it says was so. */
export function createTypeSetter(asOf: Date, title: string): TypeSetter {
  const document = new PDFDocument({
    size: "A4",
    margin: 0,
    autoFirstPage: false,
    lang: "en",
    displayTitle: true,
    info: {
      Title: title,
      Author: "Countinghouse",
      Creator: "Countinghouse",
      Producer: "Countinghouse",
      CreationDate: asOf,
      ModDate: asOf,
    },
  });
  const take = fontTaker(document);
  const has = letterFinder(document, take);

  function runs(text: string, { weight = "regular" }: Style) {
    return runsOf(text, weight, has);
  }
  function width(text: string, style: Style): number {
    return runs(text, style).reduce((sum, run) => {
      take(run.face).fontSize(style.size);
      return sum + document.widthOfString(run.text);
    }, 0);
  }
  function left(text: string, x: number, y: number, style: Style): void {
    let at = x;
    for (const run of runs(text, style)) {
      take(run.face)
        .fontSize(style.size)
        .fillColor(style.color ?? "#1a1a1a");
      // On one line whatever the face: its own ascent would shift a run against its neighbours.
      document.text(run.text, at, y, { lineBreak: false, baseline: "alphabetic" });
      at += document.widthOfString(run.text);
    }
  }
  return {
    document,
    left,
    right(text, x, y, style, most = Number.POSITIVE_INFINITY) {
      const scale = Math.min(1, most / width(text, style));
      const fitting = { ...style, size: style.size * scale };
      left(text, x - width(text, fitting), y, fitting);
    },
    lines: (text, most, style) => linesOf(text, (part) => width(part, style) <= most),
  };
}

/** Makes a face the one in use; it is read and becomes part of the file when it is first wanted. */
function fontTaker(document: PDFKit.PDFDocument) {
  const known = new Set<Face>();
  return (face: Face): PDFKit.PDFDocument => {
    if (!known.has(face)) document.registerFont(face, fontOf(face));
    known.add(face);
    return document.font(face);
  };
}

function letterFinder(document: PDFKit.PDFDocument, take: (face: Face) => PDFKit.PDFDocument) {
  const known = new Map<string, boolean>();
  return (face: Face, codePoint: number): boolean => {
    const key = `${face}${codePoint}`;
    let answer = known.get(key);
    if (answer === undefined) {
      take(face);
      answer = lettersOf(document).hasGlyphForCodePoint(codePoint);
      known.set(key, answer);
    }
    return answer;
  };
}

interface Letters {
  hasGlyphForCodePoint(codePoint: number): boolean;
}

/** The font in use as fontkit has it, which pdfkit's types do not mention. */
function lettersOf(document: PDFKit.PDFDocument): Letters {
  return (document as unknown as { _font: { font: Letters } })._font.font;
}

function linesOf(text: string, fits: (part: string) => boolean): string[] {
  const lines: string[] = [];
  let line = "";
  for (const { segment } of WORDS.segment(text)) {
    if (fits((line + segment).trimEnd())) {
      line += segment;
      continue;
    }
    if (line.trim() !== "") lines.push(line.trimEnd());
    line = segment.trimStart();
    // A word that is wider than the line is broken where it has to be.
    for (let letters = [...line]; letters.length > 1 && !fits(line); letters = [...line]) {
      let end = letters.length - 1;
      while (end > 1 && !fits(letters.slice(0, end).join(""))) end -= 1;
      lines.push(letters.slice(0, end).join(""));
      line = letters.slice(end).join("");
    }
  }
  return line.trim() === "" ? lines : [...lines, line.trimEnd()];
}

const WORDS = new Intl.Segmenter("en", { granularity: "word" });
