/** A failure that is the user's to mend: its message is one clear sentence, and all they see. */
export class CliError extends Error {
  readonly code = "cli_error";
  readonly retryable = false;
  override readonly name = "CliError";
}

/** The short reason of a system error, as a user understands it. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "it may not be written to",
    EPERM: "it may not be written to",
    EROFS: "it is on a read-only file system",
    ENOTDIR: "a part of its path is no folder",
    EEXIST: "there is a file where a folder has to be",
    ENOENT: "no folder can be made there",
    EISDIR: "there is a folder in its place",
    ENOSPC: "the disk is full",
  };
  return reasons[code ?? ""] ?? message;
}
