import { deposit } from "./bank.ts";

type Case = readonly [what: string, body: string | Buffer, status: number];

const withReference = (written: string) => {
  return `{"amount":{"value":"5","currency":"EUR"},"reference":${written}}`;
};
const withCurrency = (currency: unknown) => JSON.stringify({ amount: { value: "5", currency } });
const nested = (open: string, shut: string, depth: number) => {
  return `${open.repeat(depth)}1${shut.repeat(depth)}`;
};
const money = '{"value":"5","currency":"EUR"}';

const TYPES: Case[] = [
  ["a number for an amount", deposit(5), 400],
  ["a number beyond 2^53", '{"amount":{"value":9007199254740993,"currency":"EUR"}}', 400],
  ["a number beyond 2^1024", '{"amount":{"value":1e400,"currency":"EUR"}}', 400],
  ["true for an amount", deposit(true), 400],
  ["null for an amount", deposit(null), 400],
  ["a list for an amount", deposit(["5"]), 400],
  ["an object for an amount", deposit({ $gt: "0" }), 400],
  ["a text for money", '{"amount":"5 EUR"}', 400],
  ["null for money", '{"amount":null}', 400],
  ["a list of money", `{"amount":[${money}]}`, 400],
  ["an array", `[${deposit("5")}]`, 400],
  ["text", '"deposit"', 400],
  ["null", "null", 400],
  ["a number", "5", 400],
  ["a number for a reference", withReference("7"), 400],
  ["an object for a reference", withReference('{"a":"b"}'), 400],
  ["an empty object", "{}", 400],
];

const DIGITS: Case[] = [
  ...["٥", "５", "५", "⁵", "Ⅴ", "٣.٥"].map((value): Case => [`${value}`, deposit(value), 400]),
  ...["1e3", "1E3", "0x10", "0b1", "1_000", "1,000.00", "1.000,00"].map((value): Case => {
    return [value, deposit(value), 400];
  }),
  ...["-5", "+5", "-0", "NaN", "Infinity", "00.5", ".5", "5.", "", " 5", "5 "].map(
    (value): Case => {
      return [`an amount of "${value}"`, deposit(value), 400];
    },
  ),
  ["an amount with a line break", deposit("5\n"), 400],
  ["zero", deposit("0.00"), 400],
  ["16 digits", deposit("1000000000000000"), 400],
  ["2^63", deposit("9223372036854775808"), 400],
  ["three decimals of a euro", deposit("0.001"), 400],
  ["five decimals", deposit("0.00001"), 400],
  ["10,000 digits", deposit("9".repeat(10_000)), 400],
  ["a currency in small letters", withCurrency("eur"), 400],
  ["a currency that is none", withCurrency("QQQ"), 400],
  ["a currency of Cyrillic letters", withCurrency("ЕUR"), 400],
  ["a currency too long", withCurrency("EURO"), 400],
  ["no currency", '{"amount":{"value":"5"}}', 400],
  ["a currency that is not the account's", withCurrency("USD"), 422],
];

const MEMBERS: Case[] = [
  ["an unknown field", `{"amount":${money},"version":7}`, 400],
  ["an unknown field inside", '{"amount":{"value":"5","currency":"EUR","scale":2}}', 400],
  ["another's account in a field", `{"amount":${money},"accountId":"x"}`, 400],
  ["a balance", `{"amount":${money},"balance":${money}}`, 400],
  ["__proto__", `{"amount":${money},"__proto__":{"a":1}}`, 400],
  ["__proto__ inside", '{"amount":{"value":"5","currency":"EUR","__proto__":{}}}', 400],
  ["an amount in __proto__", `{"__proto__":{"amount":${money}}}`, 400],
  ["constructor", `{"amount":${money},"constructor":{"prototype":{"a":1}}}`, 400],
  ["toString", `{"amount":${money},"toString":"x"}`, 400],
  ["hasOwnProperty", `{"amount":${money},"hasOwnProperty":1}`, 400],
  ["a repeated member", '{"amount":{"value":"5","value":"6","currency":"EUR"}}', 400],
  [
    "a repeated member, escaped",
    '{"amount":{"value":"5","valu\\u0065":"6","currency":"EUR"}}',
    400,
  ],
  ["a repeated member above", `{"amount":${money},"amount":${money}}`, 400],
  ["an empty name", `{"amount":${money},"":1}`, 400],
  ["NUL in a name", `{"amount":${money},"a\\u0000":1}`, 400],
];

const TEXTS: Case[] = [
  ["NUL", withReference('"a\\u0000"'), 400],
  ["a bell", withReference('"a\\u0007"'), 400],
  ["a line break", withReference('"a\\r\\nb"'), 400],
  ["DEL", withReference('"\\u007f"'), 400],
  ["a control character of C1", withReference('"\\u0085"'), 400],
  ["a lone low surrogate", withReference('"\\udc00"'), 400],
  ["a lone high surrogate", withReference('"\\ud83d"'), 400],
  ["surrogates the wrong way round", withReference('"\\udc00\\ud83d"'), 400],
  ["an empty reference", withReference('""'), 400],
  ["141 characters", withReference(`"${"x".repeat(141)}"`), 400],
];

const BYTES: Case[] = [
  ["nothing", "", 400],
  ["half a document", deposit("5").slice(0, -1), 400],
  ["two documents", `${deposit("5")}${deposit("6")}`, 400],
  ["a comment", `/* */${deposit("5")}`, 400],
  ["a comma at the end", `{"amount":${money},}`, 400],
  ["single quotes", deposit("5").replaceAll('"', "'"), 400],
  ["NaN", '{"amount":NaN}', 400],
  ["a byte order mark", `\ufeff${deposit("5")}`, 400],
  ["UTF-16", Buffer.from(deposit("5"), "utf16le"), 400],
  ["UTF-16 with its mark", Buffer.from(`\ufeff${deposit("5")}`, "utf16le"), 400],
  ["Latin-1", Buffer.from(withReference('"\xe9"'), "latin1"), 400],
  ["overlong UTF-8", Buffer.from(withReference('"\xc0\x80"'), "latin1"), 400],
  ["a surrogate in UTF-8", Buffer.from(withReference('"\xed\xa0\x80"'), "latin1"), 400],
  ["a raw control character", withReference('"a\u0001"'), 400],
  ["XML", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", 400],
  ["a form", "amount%5Bvalue%5D=5", 400],
  ["40 objects deep", nested('{"a":', "}", 40), 400],
  ["20,000 lists deep", nested("[", "]", 20_000), 400],
  ["64 KiB and one byte", " ".repeat(64 * 1024 + 1), 413],
];

/** Bodies of a deposit, and what each answers. */
export const BODIES: readonly Case[] = [TYPES, DIGITS, MEMBERS, TEXTS, BYTES].flat();

export const MEDIA_TYPES = [
  ...["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/json"],
  ...["application/json; charset=utf-16", "application/json, text/plain", "application/jsonp"],
  ...["application/json; charset=iso-8859-1", "application/problem+json", "multipart/form-data"],
  ...["application/json;charset=utf-8;charset=utf-16", "*/*", "application/octet-stream"],
];
