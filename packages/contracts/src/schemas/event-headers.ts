import Type from "typebox";
import { Moment, Uuid } from "./primitives.ts";

const Count = Type.String({ pattern: "^[1-9][0-9]*$", examples: ["42"] });

/** The headers of an event's record in a topic: CloudEvents 1.0 in binary mode, all in text. */
export const EventHeaders = Type.Object({
  "content-type": Type.Literal("application/json"),
  ce_specversion: Type.Literal("1.0"),
  ce_id: Uuid,
  ce_type: Type.String(),
  ce_source: Type.String({ examples: ["/countinghouse/ledgers/1"] }),
  ce_subject: Uuid,
  ce_time: Moment,
  ce_dataschema: Type.String({ pattern: "^urn:countinghouse:event:[A-Za-z]+:[1-9][0-9]*$" }),
  ce_ledger: Count,
  ce_position: Count,
  ce_streamversion: Count,
  ce_schemaversion: Count,
  ce_actor: Type.String({ description: "JSON: who caused the event." }),
  ce_correlationid: Type.String(),
  ce_causationid: Type.Optional(Type.String()),
  ce_traceparent: Type.Optional(Type.String()),
});
