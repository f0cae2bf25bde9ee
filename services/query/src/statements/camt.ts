import type { Transaction } from "@countinghouse/contracts";
import { moneyText } from "@countinghouse/domain";
import { dayIn } from "@countinghouse/service-kit";
import { create, fragment } from "xmlbuilder2";
import { type EntryPages, entryCount, type StatementHead } from "./statement.ts";

const NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08";
const END_OF_STATEMENT = "</Stmt>";
const NAME_MAX = 70;
/** Text may have characters that XML has not; what stands for them says that one was there. */
const OPTIONS = { invalidCharReplacement: "\ufffd", encoding: "UTF-8" };

/** Domain, family and sub-family of the ISO 20022 external code set, for credits and debits. */
const CODES: Readonly<Record<Transaction["type"], Record<"credit" | "debit", readonly string[]>>> =
  {
    deposit: { credit: ["PMNT", "CNTR", "CDPT"], debit: ["PMNT", "CNTR", "CDPT"] },
    withdrawal: { credit: ["PMNT", "CNTR", "CWDL"], debit: ["PMNT", "CNTR", "CWDL"] },
    transfer: { credit: ["PMNT", "RCDT", "BOOK"], debit: ["PMNT", "ICDT", "BOOK"] },
    reversal: { credit: ["PMNT", "RCDT", "RRTN"], debit: ["PMNT", "ICDT", "RRTN"] },
    capture: { credit: ["PMNT", "CCRD", "POSD"], debit: ["PMNT", "CCRD", "POSD"] },
    fee: { credit: ["ACMT", "MCOP", "CHRG"], debit: ["ACMT", "MDOP", "CHRG"] },
    adjustment: { credit: ["ACMT", "MCOP", "ADJT"], debit: ["ACMT", "MDOP", "ADJT"] },
    interest: { credit: ["ACMT", "MCOP", "INTR"], debit: ["ACMT", "MDOP", "INTR"] },
  };

/** The statement as ISO 20022 camt.053.001.08, entry by entry. */
export async function* statementAsCamt(head: StatementHead, pages: EntryPages) {
  const [start = "", end = ""] = documentOf(head).split(END_OF_STATEMENT);
  yield start;
  for await (const entries of pages) {
    yield entries
      .map((entry) => fragment(OPTIONS, { Ntry: entryOf(entry, head) }).toString())
      .join("");
  }
  yield END_OF_STATEMENT + end;
}

function documentOf(head: StatementHead): string {
  const { month, start, end, asOf } = head;
  const [Id, CreDtTm] = [idOf(head), asOf.toISOString()];
  const statement = {
    Id,
    ElctrncSeqNb: month.replace("-", ""),
    CreDtTm,
    FrToDt: { FrDtTm: start.toISOString(), ToDtTm: lastMoment(end) },
    Acct: accountOf(head),
    Bal: [balance("OPBD", head.opening, start, head), balance("CLBD", head.closing, asOf, head)],
    TxsSummry: summaryOf(head),
  };
  const message = { GrpHdr: { MsgId: Id, CreDtTm }, Stmt: statement };
  return create(OPTIONS, {
    Document: { "@xmlns": NAMESPACE, BkToCstmrStmt: message },
  }).end();
}

/** 35 characters at most, so the account's id is written in base 36. */
function idOf({ accountId, month }: StatementHead): string {
  const number = BigInt(`0x${compact(accountId)}`);
  return `${month.replace("-", "")}-${number.toString(36).toUpperCase()}`;
}

function lastMoment(end: Date): string {
  return new Date(end.valueOf() - 1).toISOString();
}

function accountOf({ accountId, currency, accountName }: StatementHead) {
  const name = [...(accountName ?? "")].slice(0, NAME_MAX).join("");
  return { Id: account(accountId), Ccy: currency, ...(name !== "" && { Nm: name }) };
}

function account(accountId: string) {
  return { Othr: { Id: compact(accountId), SchmeNm: { Prtry: "UUID" } } };
}

/** A UUID without its hyphens: the schema has 34 or 35 characters for it. */
function compact(uuid: string): string {
  return uuid.replaceAll("-", "");
}

function balance(code: string, minor: bigint, at: Date, head: StatementHead) {
  const isClosing = code === "CLBD" && head.isClosed;
  const moment = isClosing ? new Date(at.valueOf() - 1) : at;
  return {
    Tp: { CdOrPrtry: { Cd: code } },
    Amt: amount(minor, head.currency),
    CdtDbtInd: minor < 0n ? "DBIT" : "CRDT",
    Dt: { Dt: dayIn(head.timeZone, moment) },
  };
}

function amount(minor: bigint, currency: string) {
  return { "@Ccy": currency, "#": digitsOf(minor, currency) };
}

function digitsOf(minor: bigint, currency: string): string {
  return moneyText(minor < 0n ? -minor : minor, currency).value;
}

function summaryOf(head: StatementHead) {
  const { credits, debits, currency } = head;
  const net = credits.minor - debits.minor;
  const totalOf = ({ count, minor }: StatementHead["credits"]) => {
    return { NbOfNtries: String(count), Sum: digitsOf(minor, currency) };
  };
  return {
    TtlNtries: {
      NbOfNtries: String(entryCount(head)),
      Sum: digitsOf(credits.minor + debits.minor, currency),
      TtlNetNtry: {
        Amt: digitsOf(net, currency),
        CdtDbtInd: net < 0n ? "DBIT" : "CRDT",
      },
    },
    TtlCdtNtries: totalOf(credits),
    TtlDbtNtries: totalOf(debits),
  };
}

function entryOf(entry: Transaction, { timeZone }: StatementHead) {
  const { amount: money, occurredAt, transactionId, type, direction } = entry;
  return {
    NtryRef: String(entry.version),
    Amt: { "@Ccy": money.currency, "#": money.value },
    CdtDbtInd: direction === "credit" ? "CRDT" : "DBIT",
    ...(type === "reversal" && { RvslInd: "true" }),
    Sts: { Cd: "BOOK" },
    BookgDt: { DtTm: occurredAt },
    ValDt: { Dt: dayIn(timeZone, new Date(occurredAt)) },
    AcctSvcrRef: compact(transactionId),
    BkTxCd: codeOf(entry),
    NtryDtls: { TxDtls: detailsOf(entry) },
  };
}

function codeOf({ type, direction }: Transaction) {
  const [domain, family, subFamily] = CODES[type][direction];
  return { Domn: { Cd: domain, Fmly: { Cd: family, SubFmlyCd: subFamily } } };
}

function detailsOf({ transactionId, transferId, counterpartyAccountId, ...entry }: Transaction) {
  const isCredit = entry.direction === "credit";
  const other = counterpartyAccountId && { Id: account(counterpartyAccountId) };
  return {
    Refs: {
      AcctSvcrRef: compact(transactionId),
      ...(transferId !== undefined && { TxId: compact(transferId) }),
    },
    ...(other && { RltdPties: isCredit ? { DbtrAcct: other } : { CdtrAcct: other } }),
    ...(entry.reference !== undefined && { RmtInf: { Ustrd: entry.reference } }),
  };
}
