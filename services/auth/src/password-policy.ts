import { malformed, ProblemError } from "@countinghouse/service-kit";
import type { ZxcvbnFactory } from "@zxcvbn-ts/core";

/** In production, a password that is the only thing between a stranger and the money. */
const ALONE_IN_PRODUCTION = 15;
/** Of 0 to 4: what a program finds within a million guesses is refused. */
const SCORE_LEAST = 2;
/** Words that guesses at passwords of this place begin with. */
const WORDS_OF_THE_PLACE = ["countinghouse", "bankname", "bank", "banking", "passphrase"];

export interface PolicySettings {
  readonly ENVIRONMENT: string;
  readonly PASSWORD_MIN_LENGTH: number;
}

/** Whose password it is to be. */
export interface PasswordOwner {
  readonly email: string;
  readonly fullName: string;
  readonly mfa: boolean;
}

/**
 * What passwords may be: long enough in code points, and none that guessing programs find early:
 * one of the 49,000 most common ones, one made of the owner's name, of rows of keys, of
 * repetitions.
 * There are no rules about kinds of characters, and nothing is trimmed or cut off.
 */
export interface PasswordPolicy {
  /** Throws a 400 for one that is too short, whose pointer is `path`, and a 422 for a weak one. */
  check(password: string, owner: PasswordOwner, path: string): Promise<void>;
}

export function createPasswordPolicy(settings: PolicySettings): PasswordPolicy {
  const alone = settings.ENVIRONMENT === "production" ? ALONE_IN_PRODUCTION : 0;
  return {
    async check(password, { email, fullName, mfa }, path) {
      const least = Math.max(settings.PASSWORD_MIN_LENGTH, mfa ? 0 : alone);
      if ([...password].length < least) {
        throw malformed(path, `must NOT have fewer than ${least} characters`);
      }
      const ofOwner = [email, ...`${email} ${fullName}`.split(/[^\p{L}\p{N}]+/u)];
      const words = [...WORDS_OF_THE_PLACE, ...ofOwner.filter((word) => word.length > 2)];
      const { score } = (await estimator()).check(password, words);
      if (score < SCORE_LEAST) throw new ProblemError("password_rejected");
    },
  };
}

let loading: Promise<ZxcvbnFactory> | undefined;

/** The lists are read at the first question: they would cost every start some 80 ms. */
function estimator(): Promise<ZxcvbnFactory> {
  loading ??= load();
  return loading;
}

async function load(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
  ]);
  return new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
}
