import { commonConfig, HttpUrl, Key, PostgresUrl, TimeZone } from "@countinghouse/service-kit";
import Type from "typebox";

/** The settings of the command service. */
export const configSchema = Type.Object({
  ...commonConfig,
  DATABASE_URL: PostgresUrl,
  AUTH_URL: HttpUrl,
  INNER_PRIVATE_KEY: Key,
  TOKEN_KEY: Key,
  TIME_ZONE: TimeZone,
});
