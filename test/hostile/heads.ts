import { randomUUID } from "node:crypto";

type Case = readonly [what: string, lines: readonly string[], status: number];

/** Header lines of a deposit of five bytes of text, and what each answers. */
export const HEADS: readonly Case[] = [
  ["a length and chunks", ["Content-Length: 5", "Transfer-Encoding: chunked"], 400],
  ["chunks and a length", ["Transfer-Encoding: chunked", "Content-Length: 5"], 400],
  ["two lengths", ["Content-Length: 5", "Content-Length: 6"], 400],
  ["one length twice", ["Content-Length: 5", "Content-Length: 5"], 400],
  ["a list of lengths", ["Content-Length: 5, 5"], 400],
  ["a length that is no number", ["Content-Length: five"], 400],
  ["a length with a sign", ["Content-Length: +5"], 400],
  ["a negative length", ["Content-Length: -5"], 400],
  ["a hexadecimal length", ["Content-Length: 0x5"], 400],
  ["a length beyond all numbers", ["Content-Length: 99999999999999999999"], 400],
  ["an unknown coding", ["Transfer-Encoding: gzip"], 400],
  ["a coding that looks like chunked", ["Transfer-Encoding: xchunked"], 400],
  ["chunked and identity", ["Transfer-Encoding: chunked, identity"], 400],
  ["two codings", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], 400],
  ["a coding with a space before its colon", ["Transfer-Encoding : chunked"], 400],
  ["a coding on a line that goes on", ["X-A: b", " Transfer-Encoding: chunked"], 400],
  ["chunks whose size is no number", ["Transfer-Encoding: chunked"], 400],
  ["a header without a colon", ["X-Broken"], 400],
  ["a space before the colon", ["X-Broken : 1"], 400],
  ["a space in a name", ["X Broken: 1"], 400],
  ["NUL in a header", ["X-Broken: a\u0000b"], 400],
  ["a bare line feed in a header", ["X-Broken: a\nX-Injected: b"], 400],
  ["a bare carriage return in a header", ["X-Broken: a\rX-Injected: b"], 400],
  ["two hosts", ["Host: bank", "Host: evil.example", "Content-Length: 5"], 400],
  ["8 KiB of headers", [`X-Long: ${"x".repeat(9_000)}`], 431],
  ["500 headers", Array.from({ length: 500 }, (_, i) => `X-${i}: ${"y".repeat(20)}`), 431],
];

/** Keys of a deposit that is right in all else. */
export const KEYS: readonly Case[] = [
  ["two keys", ["Idempotency-Key: a", "Idempotency-Key: b"], 400],
  ["one key twice", ["Idempotency-Key: a", "Idempotency-Key: a"], 400],
  ["an empty key", ["Idempotency-Key:"], 400],
  ["a key of 129 characters", [`Idempotency-Key: ${"k".repeat(129)}`], 400],
  ["a key that is not ASCII", ["Idempotency-Key: clé"], 400],
  ["a key with a tab", ["Idempotency-Key: a\tb"], 400],
  ["no key", ["X-Idempotency-Key: a"], 400],
];

/** What changes nothing about reading one's own account. */
export const OVERRIDES: readonly string[] = [
  "X-HTTP-Method-Override: DELETE",
  "X-Method-Override: POST",
  "X-Original-URL: /v1/users",
  "X-Rewrite-URL: /v1/users",
  `X-User-Id: ${randomUUID()}`,
  "X-Role: admin",
  "X-Forwarded-For: 10.0.0.1",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-Proto: http",
  "Forwarded: for=10.0.0.1;host=evil.example",
  "X-Client-Address: 10.0.0.1",
  "X-Request-Id: mine",
  "Connection: authorization",
  "Connection: x-request-id, x-client-address",
  "Cookie: session=1; role=admin",
  "Range: bytes=0-0",
  "If-None-Match: *",
  "Expect: 100-continue",
  "Expect: something-else",
  "Upgrade: websocket",
  "Upgrade: h2c",
  "Traceparent: 00-evil-evil-01",
  "Accept-Encoding: gzip;q=1.0, bomb",
  "Accept-Language: ../../etc/passwd",
];

/** What a header answers that a query understands. */
export const UNDERSTOOD: readonly Case[] = [
  ["an Accept of XML only", ["Accept: application/xml"], 406],
  ["an Accept that is none", ["Accept: ///"], 406],
  ["a token that is none of ours", ["Consistency-Token: AAAA"], 400],
  ["a thousand tokens", [`Consistency-Token: ${"A,".repeat(1_000)}`], 400],
];

/** Bytes that are no request at all, or not one of ours. */
export const NO_REQUESTS: readonly (readonly [what: string, bytes: string, status: number])[] = [
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["HTTP/9.9", "GET /livez HTTP/9.9\r\nHost: bank\r\n\r\n", 400],
  ["no version", "GET /livez\r\n\r\n", 400],
  ["no host", "GET /livez HTTP/1.1\r\n\r\n", 400],
  ["a host that is none", "GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n", 200],
  ["TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", 400],
  ["SSH", "SSH-2.0-OpenSSH_9.9\r\n", 400],
  ["an empty line of NULs", "\0\0\0\0\r\n\r\n", 400],
];
