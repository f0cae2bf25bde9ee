import type { Transaction } from "@countinghouse/contracts";
import { minorUnits } from "@countinghouse/domain";
import type { StatementHead } from "../statement.ts";
import { createTypeSetter, type TypeSetter } from "./type-setter.ts";
import { dateWords, shownMoney, titleOf } from "./words.ts";

/** Points: the margins of an A4 page, and the room that rows have on the first and later pages. */
const PAGE = { left: 50, right: 545.28, foot: 792, firstRoom: 456, laterRoom: 672 };
/** Where the columns of the entries begin or end. */
const COLUMN = {
  ...{ date: 50, time: 85, what: 120, whatWidth: 250 },
  ...{ amountEnd: 456, balanceEnd: 545.28, moneyWidth: 82 },
};
const LINE = 11.5;
const ROW_GAP = 7;
const BALANCE_LINE = LINE + ROW_GAP;
const INK = {
  dark: "#1a1a1a",
  soft: "#5f6670",
  faint: "#c9ced6",
  band: "#f1f4f8",
  brand: "#12335b",
};
const BODY = { size: 8.5 } as const;
const SMALL = { size: 7.5, color: INK.soft } as const;

type Words = ReturnType<typeof dateWords>;

/** A statement as a PDF that is the same, byte for byte, whenever and wherever it is made. */
export function renderStatement(
  head: StatementHead,
  entries: readonly Transaction[],
): Promise<Uint8Array<ArrayBuffer>> {
  const words = dateWords(head);
  const setter = createTypeSetter(head.asOf, `Account statement ${words.month}`);
  const whole = collect(setter.document);
  const pages = paginate(entries.map((entry) => ({ entry, lines: linesOf(setter, entry) })));
  for (const [i, rows] of pages.entries()) {
    setter.document.addPage();
    const top = i === 0 ? firstPage(setter, head, words) : laterPage(setter, head, words);
    let y = columnTitles(setter, top, head);
    if (i === 0) y = balanceLine(setter, y, "Opening balance", head.opening, head);
    for (const row of rows) {
      drawRow(setter, y, row, words);
      y += heightOf(row);
    }
    if (entries.length === 0) y = emptyLine(setter, y);
    if (i === pages.length - 1) balanceLine(setter, y, "Closing balance", head.closing, head);
    footer(setter, head, i + 1, pages.length);
  }
  setter.document.end();
  return whole;
}

/** An entry with the lines of its description; the first is its title. */
interface Row {
  readonly entry: Transaction;
  readonly lines: readonly { readonly text: string; readonly isSmall: boolean }[];
}

function heightOf({ lines }: Row): number {
  return lines.length * LINE + ROW_GAP;
}

/** Rows by page, so that all of them and both balances have room: one page at least. */
function paginate(rows: readonly Row[]): Row[][] {
  const pages: Row[][] = [];
  let [page, room]: [Row[], number] = [[], PAGE.firstRoom];
  for (const row of rows) {
    if (heightOf(row) > room) {
      pages.push(page);
      [page, room] = [[], PAGE.laterRoom];
    }
    page.push(row);
    room -= heightOf(row);
  }
  pages.push(page);
  if (room < BALANCE_LINE) pages.push([]);
  return pages;
}

function collect(document: PDFKit.PDFDocument): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    document.on("data", (chunk: Buffer) => chunks.push(chunk));
    document.on("error", reject);
    document.on("end", () => resolve(new Uint8Array(Buffer.concat(chunks))));
  });
}

/** Whose statement it is, of which month, and what it comes to. Gives where the entries begin. */
function firstPage(setter: TypeSetter, head: StatementHead, words: Words): number {
  const { accountName, accountType, currency, accountId, isClosed, asOf, timeZone } = head;
  setter.left("Countinghouse", PAGE.left, 70, { size: 17, weight: "bold", color: INK.brand });
  setter.right("Account statement", PAGE.right, 62, { size: 9, color: INK.soft });
  setter.right(words.month, PAGE.right, 76, { size: 12, weight: "bold" });
  rule(setter, 88, INK.brand, 1.2);
  const type = accountType === "savings" ? "Savings account" : "Current account";
  const title = { size: 12, weight: "bold" } as const;
  let y = 114;
  for (const line of setter.lines(accountName ?? type, PAGE.right - PAGE.left, title)) {
    setter.left(line, PAGE.left, y, title);
    y += 16;
  }
  const until = isClosed ? "" : `, so far: up to ${words.moment(asOf)}`;
  const facts = [
    `${type} in ${currency} · ${accountId}`,
    `${words.period}${until} · days and times of ${timeZone}`,
  ];
  for (const [i, fact] of facts.entries()) {
    setter.left(fact, PAGE.left, y + i * 13, { size: 8.5, color: INK.soft });
  }
  return summary(setter, head, y + 30);
}

function summary({ document, right }: TypeSetter, head: StatementHead, top: number): number {
  const { opening, closing, credits, debits, currency } = head;
  const height = 50;
  const width = PAGE.right - PAGE.left;
  document.roundedRect(PAGE.left, top, width, height, 4).fill(INK.band);
  const money = (minor: bigint, plus = false) => shownMoney(minor, currency, plus);
  const cells: [title: string, amount: string][] = [
    ["Opening balance", money(opening)],
    [`Money in (${credits.count})`, credits.minor === 0n ? money(0n) : money(credits.minor, true)],
    [`Money out (${debits.count})`, money(-debits.minor)],
    ["Closing balance", money(closing)],
  ];
  const step = width / cells.length;
  for (const [i, [title, amount]] of cells.entries()) {
    const end = PAGE.left + (i + 1) * step - 12;
    right(title, end, top + 19, { size: 7.5, color: INK.soft });
    right(amount, end, top + 36, { size: 11, weight: "bold" }, step - 20);
    if (i === 0) continue;
    const x = PAGE.left + i * step;
    document.moveTo(x, top + 10).lineTo(x, top + height - 10);
    document.lineWidth(0.5).stroke(INK.faint);
  }
  return top + height + 30;
}

function laterPage(setter: TypeSetter, head: StatementHead, words: Words): number {
  setter.left("Countinghouse", PAGE.left, 58, { size: 11, weight: "bold", color: INK.brand });
  const about = `${words.month} · ${head.accountId}`;
  setter.right(about, PAGE.right, 58, { size: 8, color: INK.soft });
  rule(setter, 68, INK.brand, 0.8);
  return 90;
}

function columnTitles(setter: TypeSetter, y: number, { currency }: StatementHead): number {
  const style = { size: 7.5, weight: "bold", color: INK.soft } as const;
  setter.left("Date", COLUMN.date, y, style);
  setter.left("Description", COLUMN.what, y, style);
  setter.right(`Amount (${currency})`, COLUMN.amountEnd, y, style);
  setter.right(`Balance (${currency})`, COLUMN.balanceEnd, y, style);
  rule(setter, y + 5, INK.faint, 0.6);
  return y + 18;
}

function balanceLine(
  setter: TypeSetter,
  y: number,
  title: string,
  minor: bigint,
  { currency }: StatementHead,
): number {
  setter.left(title, COLUMN.what, y, { ...BODY, weight: "bold" });
  const money = shownMoney(minor, currency);
  setter.right(money, COLUMN.balanceEnd, y, { ...BODY, weight: "bold" }, COLUMN.moneyWidth);
  rule(setter, y + 6, INK.faint, 0.4);
  return y + BALANCE_LINE;
}

function emptyLine(setter: TypeSetter, y: number): number {
  setter.left("No entries in this month.", COLUMN.what, y, { ...BODY, color: INK.soft });
  return y + BALANCE_LINE;
}

/** The reference, then the account on the other side, under the title. */
function linesOf(setter: TypeSetter, entry: Transaction): Row["lines"] {
  const { reference, counterpartyAccountId: other, direction } = entry;
  const texts = reference === undefined ? [] : setter.lines(reference, COLUMN.whatWidth, BODY);
  const party = `${direction === "credit" ? "from" : "to"} ${other}`;
  return [
    { text: titleOf(entry), isSmall: false },
    ...texts.map((text) => ({ text, isSmall: false })),
    ...(other === undefined ? [] : [{ text: party, isSmall: true }]),
  ];
}

function drawRow(setter: TypeSetter, y: number, { entry, lines }: Row, words: Words): void {
  const { amount, balanceAfter, direction, occurredAt } = entry;
  const minor = direction === "credit" ? minorUnits(amount) : -minorUnits(amount);
  setter.left(words.ofEntry(occurredAt), COLUMN.date, y, BODY);
  setter.left(words.time(occurredAt), COLUMN.time, y, SMALL);
  const moved = shownMoney(minor, amount.currency, true);
  setter.right(moved, COLUMN.amountEnd, y, BODY, COLUMN.moneyWidth);
  const balance = shownMoney(minorUnits(balanceAfter), balanceAfter.currency);
  setter.right(balance, COLUMN.balanceEnd, y, BODY, COLUMN.moneyWidth);
  for (const [i, { text, isSmall }] of lines.entries()) {
    const style = i === 0 ? ({ ...BODY, weight: "bold" } as const) : isSmall ? SMALL : BODY;
    setter.left(text, COLUMN.what, y + i * LINE, style);
  }
  rule(setter, y + (lines.length - 1) * LINE + 6, INK.faint, 0.25);
}

function footer(setter: TypeSetter, head: StatementHead, page: number, pages: number): void {
  const style = { size: 7.5, color: INK.soft };
  const closed = "The month is closed: this statement does not change.";
  rule(setter, PAGE.foot, INK.faint, 0.4);
  setter.left(head.isClosed ? closed : "Not closed yet.", PAGE.left, PAGE.foot + 14, style);
  setter.right(`Page ${page} of ${pages}`, PAGE.right, PAGE.foot + 14, style);
}

function rule({ document }: TypeSetter, y: number, color: string, width: number): void {
  document.moveTo(PAGE.left, y).lineTo(PAGE.right, y).lineWidth(width).stroke(color);
}
