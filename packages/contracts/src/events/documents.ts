import type { TSchema } from "typebox";
import { Envelope } from "../schemas/envelope.ts";
import { type Catalogue, EVENTS } from "./catalogue.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The name of a schema, as `ce_dataschema` has it. */
export function dataSchemaOf(type: string, version: number): string {
  return `urn:countinghouse:event:${type}:${version}`;
}

/**
 * The JSON Schemas (2020-12) of the envelope and of every version of every event type's data, by
 * the names of their files.
 */
export function schemaDocuments(catalogue: Catalogue = EVENTS): ReadonlyMap<string, JsonSchema> {
  const documents = new Map<string, JsonSchema>([
    ["envelope.v1.json", documentOf("urn:countinghouse:envelope:1", "Envelope", Envelope)],
  ]);
  for (const [type, { summary, versions }] of Object.entries(catalogue)) {
    for (const [i, schema] of versions.entries()) {
      const document = documentOf(dataSchemaOf(type, i + 1), type, schema, summary);
      documents.set(`events/${type}.v${i + 1}.json`, document);
    }
  }
  return documents;
}

function documentOf(id: string, title: string, schema: TSchema, description?: string): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: id,
    title,
    ...(description !== undefined && { description }),
    ...schema,
  };
}
