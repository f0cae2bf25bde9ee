import { ConfigError } from "@countinghouse/service-kit";
import { MalformedError, parseVerifierKey, type VerifierKey } from "@countinghouse/transparency";

/** Somebody else who signs that a log only grows. */
export interface Witness {
  readonly key: VerifierKey;
  /** Where `add-checkpoint` is below. */
  readonly url: string;
}

/**
 * Reads `key url`, several with commas: the key as C2SP writes it. Throws a ConfigError for what is
 * none.
 */
export function parseWitnesses(service: string, text: string): Witness[] {
  const parts = text.split(",").map((part) => part.trim());
  return parts.filter((part) => part !== "").map((part) => parse(service, part));
}

function parse(service: string, text: string): Witness {
  const refuse = (reason: string) => new ConfigError(service, [`AUDIT_WITNESSES: ${reason}`]);
  const [key = "", url = "", ...more] = text.split(/\s+/);
  if (more.length > 0 || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw refuse("a verifier key and a URL are needed, with a space between");
  }
  try {
    const parsed = parseVerifierKey(key);
    if (parsed.kind === "witness") return { key: parsed, url: url.replace(/\/*$/, "/") };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw refuse(error.message);
  }
  throw refuse("this is the key of a log, not of a witness");
}
