import type { Envelope } from "@countinghouse/contracts";
import { parseCheckpoint, parseVerifierKey, signCheckpoint } from "@countinghouse/transparency";
import { type FindingCode, verifyBundle } from "@countinghouse/verifier";
import { describe, expect, test } from "vitest";
import { forger, signer, TestBundle } from "./support/bundle.ts";
import {
  AT,
  account,
  branch,
  events,
  older,
  renumbered,
  SIZE,
  without,
} from "./support/tampering.ts";

type Tamper = (bundle: TestBundle) => void;
const flip =
  (path: string, byte: number): Tamper =>
  (bundle) => {
    const bytes = Buffer.from(bundle.files.get(path) ?? "");
    bytes[byte] = (bytes[byte] ?? 0) ^ 1;
    bundle.files.set(path, bytes);
  };

/** On the bundle, by somebody who knows of the tree. */
const BUNDLE: [what: string, tamper: Tamper, FindingCode, at?: number][] = [
  ["a leaf in a tile", flip("tile/0/001", 32 * 43), "tile_changed", AT],
  ["a leaf in the last tile", flip("tile/0/003.p/232", 0), "tile_changed", 769],
  ["a hash of an upper tile", flip("tile/1/000.p/3", 32), "tile_changed", 257],
  ["a tile taken out", (bundle) => bundle.files.delete("tile/0/002"), "malformed_file"],
  [
    "a bundle of entries taken out",
    (bundle) => bundle.files.delete("tile/entries/002"),
    "malformed_file",
  ],
  [
    "an entry cut off",
    (bundle) => {
      const path = "tile/entries/002";
      bundle.files.set(path, (bundle.files.get(path) ?? Buffer.alloc(0)).subarray(0, -5));
    },
    "malformed_file",
  ],
  [
    "an entry that is no JSON",
    (bundle) => bundle.putEntries(bundle.entries().with(AT - 1, Buffer.from("{"))),
    "edited",
    AT,
  ],
  [
    "an entry with a member twice",
    (bundle) => {
      const text = String(bundle.entries()[AT - 1]).replace('"version"', '"version":7,"version"');
      bundle.putEntries(bundle.entries().with(AT - 1, Buffer.from(text)));
    },
    "edited",
    AT,
  ],
  [
    "a checkpoint signed by another key",
    (bundle) => {
      const { size, root } = parseCheckpoint(bundle.text("checkpoint"));
      bundle.put("checkpoint", signCheckpoint(forger, { size, root }));
    },
    "bad_signature",
  ],
  [
    "a checkpoint with another size",
    (bundle) => bundle.put("checkpoint", bundle.text("checkpoint").replace("\n1000\n", "\n999\n")),
    "bad_signature",
  ],
  [
    "a checkpoint with another root",
    (bundle) =>
      bundle.put(
        "checkpoint",
        bundle
          .text("checkpoint")
          .replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${older.root.toString("base64")}\n`),
      ),
    "bad_signature",
  ],
  [
    "a checkpoint of another log",
    (bundle) =>
      bundle.put("checkpoint", bundle.text("checkpoint").replaceAll("ledger/1", "ledger/2")),
    "another_log",
  ],
  ["no checkpoint", (bundle) => bundle.put("checkpoint", ""), "malformed_file"],
  ["no key", (bundle) => bundle.put("key", "a key"), "malformed_file"],
  ["a manifest of another format", (bundle) => bundle.put("manifest", "{}"), "malformed_file"],
  [
    "an account that was shown otherwise",
    (bundle) =>
      bundle.put(
        "accounts",
        `${JSON.stringify({ ...account, balance: { value: "0.01", currency: "EUR" } })}\n`,
      ),
    "state_differs",
  ],
  [
    "an account that never was",
    (bundle) => bundle.put("accounts", `${JSON.stringify({ ...account, accountId: "nobody" })}\n`),
    "state_differs",
  ],
  [
    "an account of a version to come",
    (bundle) => bundle.put("accounts", `${JSON.stringify({ ...account, version: 9_999 })}\n`),
    "state_differs",
  ],
];

test("a bundle as it was exported is clean", async () => {
  const bundle = new TestBundle(events, signer, [account]);
  const verdict = await verifyBundle(bundle.read, { key: signer.key, against: older });
  expect(verdict.findings).toEqual([]);
  expect(verdict).toMatchObject({ isClean: true, size: SIZE, accounts: 10 });
  const [total] = verdict.totals;
  expect(total?.balances.value).toBe(sumOf(events));
});

/** What came into the bank, in the words of its events. */
function sumOf(all: readonly Envelope[]): string {
  const deposits = all.filter(({ type }) => type === "MoneyDeposited");
  const cents = deposits.map(({ data }) => (data as { amount: { value: string } }).amount.value);
  return (cents.reduce((sum, value) => sum + Math.round(Number(value) * 100), 0) / 100).toFixed(2);
}

describe("[S45] whatever is done to the bundle is found", () => {
  test.each(BUNDLE)("%s", async (_, tamper, code, position) => {
    const bundle = new TestBundle(events, signer, [account]);
    tamper(bundle);
    const { findings, isClean } = await verifyBundle(bundle.read, { key: signer.key });
    expect(isClean).toBe(false);
    const wanted = position === undefined ? { code } : { code, position };
    expect(findings).toContainEqual(expect.objectContaining(wanted));
  });
});

describe("[S45] whoever has the bank's key is found by who has seen an older checkpoint", () => {
  const verify = (bundle: TestBundle) => {
    return verifyBundle(bundle.read, { key: signer.key, against: older });
  };

  test("a log that was rewritten and signed again", async () => {
    const { findings } = await verify(new TestBundle(branch));
    const about = "the checkpoint that was seen before";
    expect(findings).toContainEqual({ code: "forked", position: 1, until: 700, about });
  });

  test("a shorter log, signed again: the tail is gone", async () => {
    const { findings } = await verify(new TestBundle(events.slice(0, 650)));
    expect(findings).toEqual([{ code: "rolled_back", position: 651, until: 700 }]);
  });

  test("an older checkpoint that is replayed", async () => {
    const { findings } = await verify(new TestBundle(events.slice(0, 600)));
    expect(findings).toContainEqual({ code: "rolled_back", position: 601, until: 700 });
  });

  test("all of it, signed with another key", async () => {
    const { findings } = await verify(new TestBundle(events, forger));
    const codes = findings.map(({ code }) => code);
    expect(codes).toContain("another_key");
    expect(codes).toContain("bad_signature");
  });

  test("without the trusted key, a checkpoint of another key is not believed either", async () => {
    const { findings } = await verifyBundle(new TestBundle(events, forger).read, {
      against: older,
    });
    expect(findings).toContainEqual(expect.objectContaining({ code: "bad_signature" }));
  });
});

test("a checkpoint may fall between the two sides of a transfer", async () => {
  for (let size = SIZE - 4; size <= SIZE; size += 1) {
    const { findings } = await verifyBundle(new TestBundle(events.slice(0, size)).read);
    expect(findings).toEqual([]);
  }
});

test("bundles of any size are clean", async () => {
  for (const size of [1, 2, 255, 256, 257, 511, 512, 513, 768]) {
    const bundle = new TestBundle(events.slice(0, size));
    const { findings } = await verifyBundle(bundle.read, {
      key: parseVerifierKey(bundle.text("key").trim()),
    });
    expect(findings).toEqual([]);
  }
});

test("of many findings of a kind a few are named, and all are counted", async () => {
  const bundle = new TestBundle(renumbered(without(2)(events)));
  const { findings, counts } = await verifyBundle(bundle.read);
  const gaps = findings.filter(({ code }) => code === "unfoldable");
  expect(gaps.length).toBeLessThanOrEqual(5);
  expect(counts.get("unfoldable")).toBeGreaterThan(50);
});
