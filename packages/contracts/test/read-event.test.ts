import Type from "typebox";
import { expect, test } from "vitest";
import { goldenEvents } from "../src/events/golden.ts";
import { type Catalogue, EVENTS, readEvent, upcast } from "../src/index.ts";

const [golden] = goldenEvents().filter(({ type }) => type === "MoneyDeposited");
const deposited = golden?.envelope ?? expect.fail("no golden deposit");

/** As if a deposit had got a channel in version 2, and its reference another name in version 3. */
const planted = {
  ...EVENTS,
  MoneyDeposited: {
    ...EVENTS.MoneyDeposited,
    versions: [
      EVENTS.MoneyDeposited.versions[0],
      Type.Object({ channel: Type.String() }),
      Type.Object({ channel: Type.String(), note: Type.String(), reference: Type.Undefined() }),
    ],
    upcasters: [
      (data: Record<string, unknown>) => ({ ...data, channel: "unknown" }),
      ({ reference, ...data }: Record<string, unknown>) => ({ ...data, note: reference ?? "" }),
    ],
  },
} as const satisfies Catalogue;

test("an old version is read as the newest, step by step", () => {
  const event = upcast(deposited, planted);
  const { reference, ...rest } = deposited.data as Record<string, unknown>;
  expect(event.schemaVersion).toBe(3);
  expect(event.data).toEqual({ ...rest, channel: "unknown", note: reference });
});

test("a version between takes only the steps that it lacks", () => {
  const second = { ...deposited, schemaVersion: 2, data: { channel: "branch" } };
  expect(upcast(second, planted).data).toEqual({ channel: "branch", note: "" });
});

test("the envelope that was read does not change: it is what the log has", () => {
  const before = JSON.stringify(deposited);
  upcast(deposited, planted);
  expect(JSON.stringify(deposited)).toBe(before);
});

test("the newest version is left alone", () => {
  expect(upcast(deposited)).toBe(deposited);
});

test.each([
  ["a type that nobody knows", { type: "MoneyPrinted" }, "unknown_type"],
  ["the name of what every object has", { type: "constructor" }, "unknown_type"],
  ["a version to come", { schemaVersion: 2 }, "unknown_version"],
  ["data of another shape", { data: { amount: 1 } }, "wrong_shape"],
])("%s is refused with its reason", (_, change, reason) => {
  expect(() => readEvent({ ...deposited, ...change })).toThrow(
    expect.objectContaining({ code: "unknown_event", reason }),
  );
});

test("a member that is new to the reader is no fault", () => {
  const data = { ...deposited.data, channel: "branch" };
  expect(readEvent({ ...deposited, data }).data).toEqual(data);
});

test("every event type has a step from each version to the next", () => {
  for (const { versions, upcasters } of Object.values(EVENTS as Catalogue)) {
    expect(upcasters.length).toBe(versions.length - 1);
  }
});
