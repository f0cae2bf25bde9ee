import type { Envelope } from "@countinghouse/contracts";
import { type FindingCode, verifyBundle } from "@countinghouse/verifier";
import { describe, expect, test } from "vitest";
import { signer, TestBundle } from "./support/bundle.ts";
import {
  AT,
  account,
  branch,
  edit,
  events,
  other,
  renumbered,
  SIZE,
  withData,
  without,
} from "./support/tampering.ts";

/** On the log, with the rights of a superuser: the entries are others than were sealed. */
const LOG: [what: string, tamper: (all: Envelope[]) => Envelope[], FindingCode, at?: number][] = [
  [
    "an amount",
    withData((data) => ({ ...data, amount: { value: "9.99", currency: "EUR" } })),
    "edited",
    AT,
  ],
  [
    "a balance",
    withData((data) => ({ ...data, balanceAfter: { value: "9.99", currency: "EUR" } })),
    "edited",
    AT,
  ],
  [
    "a counterparty",
    withData((data) => ({ ...data, counterpartyAccountId: account.accountId })),
    "edited",
    AT,
  ],
  ["a member more", withData((data) => ({ ...data, note: "x" })), "edited", AT],
  [
    "who did it",
    edit(AT, (e) => ({ ...e, meta: { ...e.meta, correlationId: "x" } })),
    "edited",
    AT,
  ],
  ["the time", edit(AT, (e) => ({ ...e, recordedAt: "2026-05-01T10:00:00.000Z" })), "edited", AT],
  ["the type", edit(AT, (e) => ({ ...e, type: "MoneyDeposited" })), "edited", AT],
  ["the version", edit(AT, (e) => ({ ...e, version: e.version + 1 })), "edited", AT],
  ["the schema version", edit(AT, (e) => ({ ...e, schemaVersion: 2 })), "edited", AT],
  ["the stream", edit(AT, (e) => ({ ...e, streamId: other.events[0]?.streamId })), "edited", AT],
  ["the event id", edit(AT, (e) => ({ ...e, eventId: e.streamId })), "edited", AT],
  ["the ledger", edit(AT, (e) => ({ ...e, meta: { ...e.meta, ledger: 2 } })), "edited", AT],
  [
    "the first event",
    edit(1, (e) => ({ ...e, recordedAt: "2020-01-01T00:00:00.000Z" })),
    "edited",
    1,
  ],
  ["the last event", edit(SIZE, (e) => ({ ...e, eventId: e.streamId })), "edited", SIZE],
  [
    "two events apart",
    (all) =>
      edit(AT + 9, (e) => ({ ...e, version: 1 }))(edit(AT, (e) => ({ ...e, version: 1 }))(all)),
    "edited",
    AT,
  ],
  ["an event taken out", without(AT), "deleted", AT],
  ["the first event taken out", without(1), "deleted", 1],
  [
    "an event taken out, the rest renumbered",
    (all) => renumbered(without(AT)(all)),
    "rewritten",
    AT,
  ],
  [
    "an event put in",
    (all) => all.toSpliced(AT - 1, 0, other.events[AT] as Envelope),
    "inserted",
    AT,
  ],
  ["an event twice", (all) => all.toSpliced(AT, 0, all[AT - 1] as Envelope), "inserted", AT + 1],
  [
    "an event put in, the rest renumbered",
    (all) => renumbered(all.toSpliced(AT - 1, 0, all[0] as Envelope)).slice(0, SIZE),
    "rewritten",
    AT,
  ],
  [
    "two neighbours swapped",
    (all) => all.with(AT - 1, all[AT] as Envelope).with(AT, all[AT - 1] as Envelope),
    "swapped",
    AT,
  ],
  [
    "two events far apart swapped",
    (all) => all.with(AT - 1, all[AT + 19] as Envelope).with(AT + 19, all[AT - 1] as Envelope),
    "swapped",
    AT,
  ],
  ["the tail cut off", (all) => all.slice(0, 990), "truncated", 991],
  ["all events cut off", () => [], "truncated", 1],
  [
    "events after the checkpoint",
    (all) => [...all, ...other.events.slice(0, 3)],
    "surplus",
    SIZE + 1,
  ],
  ["another log with the same beginning", () => branch, "rewritten", 401],
];

describe("[S45] whatever is done to the log is found, by its kind and first position", () => {
  test.each(LOG)("%s", async (_, tamper, code, position) => {
    const bundle = new TestBundle(events);
    bundle.change(tamper);
    const { findings, isClean } = await verifyBundle(bundle.read, { key: signer.key });
    expect(isClean).toBe(false);
    expect(findings).toContainEqual(expect.objectContaining({ code, position }));
  });
});

describe("[S45] a log that was wrong before it was sealed is found by folding it anew", () => {
  const SEALED: [what: string, change: (all: Envelope[]) => Envelope[], FindingCode][] = [
    [
      "a balance out of nothing",
      withData((data) => ({ ...data, balanceAfter: { value: "77.00", currency: "EUR" } })),
      "balance_wrong",
    ],
    [
      "a posting in another currency",
      withData((data) => ({ ...data, balanceAfter: { value: "77.00", currency: "USD" } })),
      "balance_wrong",
    ],
    ["one side of a transfer", (all) => renumbered(without(AT)(all)), "version_gap"],
    [
      "a transfer that takes more than it gives",
      withData((data) => ({ ...data, amount: { value: "1000.00", currency: "EUR" } })),
      "unbalanced_transfer",
    ],
    ["a version left out", edit(AT, (e) => ({ ...e, version: e.version + 1 })), "version_gap"],
    ["an account opened twice", edit(AT, (e) => ({ ...e, type: "AccountOpened" })), "unfoldable"],
    [
      "an event of an unknown version",
      edit(AT, (e) => ({ ...e, schemaVersion: 99 })),
      "unfoldable",
    ],
    [
      "a time before the one before",
      edit(AT, (e) => ({ ...e, recordedAt: "2020-01-01T00:00:00.000Z" })),
      "time_goes_back",
    ],
    ["a position that is not its own", edit(AT, (e) => ({ ...e, position: 9 })), "wrong_position"],
    [
      "an event of another ledger",
      edit(AT, (e) => ({ ...e, meta: { ...e.meta, ledger: 2 } })),
      "wrong_ledger",
    ],
  ];

  test.each(SEALED)("%s", async (_, change, code) => {
    const { findings } = await verifyBundle(new TestBundle(change(events)).read);
    expect(findings).toContainEqual(expect.objectContaining({ code }));
    expect(findings.map((finding) => finding.code)).not.toContain("root_differs");
  });
});
