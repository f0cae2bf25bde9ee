import { commonConfig, HttpUrl, Key, userTokenConfig } from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

const perMinute = (usual: number) => {
  return Type.Integer({ minimum: 0, maximum: 1_000_000, default: usual });
};

/** The settings of the gateway; limits are requests a minute, 0 switches one off. */
export const configSchema = Type.Object({
  ...commonConfig,
  ...userTokenConfig,
  INNER_PRIVATE_KEY: Key,
  AUTH_URL: HttpUrl,
  COMMAND_URL: HttpUrl,
  QUERY_URL: HttpUrl,
  RELAY_URL: HttpUrl,
  RATE_LIMIT_ADDRESS: perMinute(3000),
  RATE_LIMIT_USER: perMinute(1200),
  RATE_LIMIT_LOGIN: perMinute(60),
  RATE_LIMIT_REGISTER: perMinute(20),
});

export type Config = Static<typeof configSchema>;
