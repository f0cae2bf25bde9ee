import { commonConfig, PostgresUrl, userTokenConfig } from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

/** The settings of auth. */
export const configSchema = Type.Object({
  ...commonConfig,
  ...userTokenConfig,
  DATABASE_URL: PostgresUrl,
});

export type Config = Static<typeof configSchema>;
