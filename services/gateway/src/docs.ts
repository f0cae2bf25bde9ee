import { asyncApiDocument, openApiDocument } from "@countinghouse/contracts";
import { goldenEvents } from "@countinghouse/contracts/golden";
import { ProblemError } from "@countinghouse/service-kit";
import fastify, { type FastifyInstance } from "fastify";

const PAGE_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/** The documents of what is asked and of what is published, and one page for people at `/docs`. */
export function addDocs(app: FastifyInstance, version: string): void {
  const config = { access: "public" } as const;
  const documents = {
    "/openapi.json": JSON.stringify(openApiDocument(version)),
    "/asyncapi.json": JSON.stringify(asyncApiDocument(version, goldenEvents())),
  };
  for (const [path, document] of Object.entries(documents)) {
    app.get(path, { config }, async (_, reply) => {
      return reply.type("application/json; charset=utf-8").send(document);
    });
  }
  let page: Promise<FastifyInstance> | undefined;
  app.get("/docs", { config }, async (_, reply) => reply.redirect("/docs/", 308));
  app.get("/docs/*", { config }, async ({ url }, reply) => {
    page ??= openPage().catch((error: unknown) => {
      page = undefined;
      throw error;
    });
    const answer = await (await page).inject({ method: "GET", url });
    if (answer.statusCode === 404) throw new ProblemError("not_found");
    return reply
      .code(answer.statusCode)
      .headers({ "content-security-policy": PAGE_POLICY, "cache-control": "max-age=300" })
      .type(String(answer.headers["content-type"] ?? "text/plain"))
      .send(answer.rawPayload);
  });
}

/** The page is an app of its own, made when somebody looks: its script alone is 5 MB to load. */
async function openPage(): Promise<FastifyInstance> {
  const { default: reference } = await import("@scalar/fastify-api-reference");
  const page = fastify();
  await page.register(reference, {
    routePrefix: "/docs",
    configuration: {
      sources: [
        { title: "Requests", slug: "requests", url: "/openapi.json", default: true },
        { title: "Events", slug: "events", url: "/asyncapi.json" },
      ],
      withDefaultFonts: false,
      telemetry: false,
      agent: { disabled: true },
    },
  });
  return page;
}
