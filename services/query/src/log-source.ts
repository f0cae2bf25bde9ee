export const LOG_SOURCE_PREFIX = "log:";
