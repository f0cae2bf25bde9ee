import { isIP, isIPv6 } from "node:net";

const V4_IN_V6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
/** Of IPv6, one subscriber has a network of 64 bits. */
const GROUPS_OF_SUBSCRIBER = 4;

/**
 * What is counted as one client of an address: the address itself, or of IPv6 the network of 64
 * bits, in one spelling. What is no address is returned as it is.
 */
export function networkOf(address: string): string {
  const [, v4] = V4_IN_V6.exec(address) ?? [];
  if (v4 !== undefined) return v4;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").split("::");
  const [left, right] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = Array<string>(tail === undefined ? 0 : GROUPS - left.length - right.length);
  const all = [...left, ...zeros.fill("0"), ...right];
  const network = all.slice(0, GROUPS_OF_SUBSCRIBER);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  // A dotted tail stands for two groups; which numbers they are does not matter past bit 64.
  const parts = text.split(":").filter((part) => part !== "");
  return parts.flatMap((part) => (part.includes(".") ? ["0", "0"] : [part]));
}

/** Whether the host of a URL is this machine, be it by a socket (which has no host). */
export function isLoopback(host: string): boolean {
  return /^(|localhost|127(\.\d+){3}|\[::1\]|::1|%2f.*|\/.*)$/i.test(host);
}

const LIST_MAX = 100;

/** The proxies of a list joined by commas; undefined when one is no address and no network. */
export function parseProxies(list: string): string[] | undefined {
  const proxies = list === "" ? [] : list.split(",").map((one) => one.trim());
  return proxies.length <= LIST_MAX && proxies.every(isAddressOrNetwork) ? proxies : undefined;
}

function isAddressOrNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const kind = isIP(address);
  if (kind === 0 || more.length > 0) return false;
  return (
    bits === undefined ||
    (/^[1-9][0-9]{0,2}$/.test(bits) && Number(bits) <= (kind === 4 ? 32 : 128))
  );
}
