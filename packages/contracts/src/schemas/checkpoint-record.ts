import Type from "typebox";
import { Moment } from "./primitives.ts";

const Count = Type.String({ pattern: "^[1-9][0-9]*$", examples: ["42"] });

/** A C2SP tlog-checkpoint, as `/v1/audit/checkpoint` gives it. */
export const CheckpointNote = Type.String({
  examples: [
    "bank.example/ledger/1\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
      "\u2014 bank.example/ledger/1 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4U\n",
  ],
});

/** The headers of a checkpoint's record in its topic: CloudEvents 1.0 in binary mode. */
export const CheckpointHeaders = Type.Object({
  "content-type": Type.Literal("text/plain"),
  ce_specversion: Type.Literal("1.0"),
  /** The size: of one source, two records with one id are one checkpoint. */
  ce_id: Count,
  ce_type: Type.Literal("CheckpointSigned"),
  ce_source: Type.String({ examples: ["/countinghouse/ledgers/1"] }),
  ce_subject: Type.String({ description: "The origin, which is the name of the key." }),
  ce_time: Moment,
  ce_ledger: Count,
  ce_treesize: Count,
});
