import type { Access, ROLES } from "@countinghouse/contracts";
import { expect, test } from "vitest";
import { authorize, type Principal } from "../src/principal.ts";

const userId = "0197c0de-0000-7000-8000-000000000001";
const user = (...roles: (typeof ROLES)[number][]): Principal => {
  return { kind: "user", userId, sessionId: userId, roles };
};
const service: Principal = { kind: "service", name: "query" };
const own = { kind: "own", userId };
const any = { kind: "any" };
const SERVES: Access = { own: ["customer"], any: ["teller"] };

const TABLE: [what: string, access: Access, principal: Principal | undefined, outcome: unknown][] =
  [
    ["nobody where all may", "public", undefined, any],
    ["nobody where users may", "user", undefined, "unauthenticated"],
    ["a user where users may", "user", user(), own],
    ["a service where users may", "user", service, "forbidden"],
    ["a customer", SERVES, user("customer"), own],
    ["a teller", SERVES, user("teller"), any],
    ["a customer who is a teller too", SERVES, user("customer", "teller"), any],
    ["an auditor who is a customer too", SERVES, user("auditor", "customer"), own],
    ["an auditor", SERVES, user("auditor"), "forbidden"],
    ["a user without a role", SERVES, user(), "forbidden"],
    ["a service where roles decide", SERVES, service, "forbidden"],
    ["nobody where roles decide", SERVES, undefined, "unauthenticated"],
    ["a service that is named", { services: ["query"] }, service, any],
    ["a service that is not named", { services: ["gateway"] }, service, "forbidden"],
    ["an administrator where services may", { services: ["query"] }, user("admin"), "forbidden"],
  ];

test.each(TABLE)("[S4] %s gets what the table says", (_, access, principal, outcome) => {
  if (typeof outcome === "string") {
    const refusal = expect.objectContaining({ code: outcome });
    expect(() => authorize(access, principal)).toThrow(refusal);
  } else {
    expect(authorize(access, principal)).toEqual(outcome);
  }
});
