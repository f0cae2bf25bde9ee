import { PASSWORD_LENGTH } from "@countinghouse/contracts";

let loading: Promise<ReadonlySet<string>> | undefined;

/**
 * Whether a password is one of the 49,000 most common ones, in whatever case of letters. The list
 * is read at the first question: it would cost every start some 25 ms.
 */
export async function isCommonPassword(password: string): Promise<boolean> {
  loading ??= load();
  return (await loading).has(password.toLowerCase());
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import("@zxcvbn-ts/language-common");
  const common = dictionary["passwords-common"];
  return new Set(common.filter(({ length }) => length >= PASSWORD_LENGTH.least));
}
