import { publicOperations } from "@countinghouse/contracts";
import { ProblemError } from "@countinghouse/service-kit";

const ROUTES = routes();

/** What answers a request that no operation takes: 405 where its path is one, else 404. */
export function refusalOf(path: string): ProblemError {
  const methods = ROUTES.find(({ pattern }) => pattern.test(path))?.methods;
  if (methods === undefined) return new ProblemError("not_found");
  return new ProblemError("method_not_allowed", { headers: { allow: methods.join(", ") } });
}

function routes(): { pattern: RegExp; methods: string[] }[] {
  const byPath = new Map<string, string[]>([
    ["/livez", ["GET"]],
    ["/readyz", ["GET"]],
    ["/openapi.json", ["GET"]],
    ["/asyncapi.json", ["GET"]],
    ["/docs", ["GET"]],
  ]);
  for (const { path, method } of Object.values(publicOperations)) {
    byPath.set(path, [...(byPath.get(path) ?? []), method].sort());
  }
  return [...byPath].map(([path, methods]) => {
    const pattern = path
      .replaceAll(".", "\\.")
      .replaceAll(/\{\+\w+\}/g, ".+")
      .replaceAll(/\{\w+\}/g, "[^/]+");
    return { pattern: new RegExp(`^${pattern}$`), methods };
  });
}
