import { expect, test } from "vitest";
import { networkOf, parseProxies } from "../src/index.ts";

const NETWORKS = [
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["2001:db8:1:2::192.0.2.1", "2001:db8:1:2::/64"],
  ["no address", "no address"],
] as const;

for (const [address, network] of NETWORKS) {
  test(`[S38] ${address} counts as ${network}`, () => {
    expect(networkOf(address)).toBe(network);
  });
}

test("a list of proxies is addresses and networks, and nothing else", () => {
  expect(parseProxies("")).toEqual([]);
  expect(parseProxies("10.0.0.7, 192.0.2.0/24,2001:db8::/32")).toEqual([
    ...["10.0.0.7", "192.0.2.0/24", "2001:db8::/32"],
  ]);
  const wrong = ["true", "loopback", "*", "10.0.0", "10.0.0.7/33", "10.0.0.7/0", "10.0.0.7/24/3"];
  for (const list of [...wrong, "::1/129", ",", "10.0.0.7,"]) {
    expect(parseProxies(list)).toBeUndefined();
  }
});
