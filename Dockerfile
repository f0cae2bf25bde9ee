# One image for all services; docker-compose.yml says which one a container runs.
FROM node:24-slim
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/compile-cache
WORKDIR /app
COPY pnpm-lock.yaml pnpm-workspace.yaml package.json ./
COPY patches patches
COPY packages packages
COPY services services
RUN npx --yes pnpm@12.21.0 install --prod --frozen-lockfile \
      --filter '@countinghouse/cli...' --filter '@countinghouse/auth...' \
      --filter '@countinghouse/command...' --filter '@countinghouse/gateway...' \
      --filter '@countinghouse/query...' --filter '@countinghouse/relay...' \
      --filter '@countinghouse/audit...' \
    && rm -rf /root/.cache /root/.npm
RUN mkdir -p /var/lib/countinghouse/checkpoints && chown -R node /var/lib/countinghouse
USER node
EXPOSE 8080
CMD ["node", "services/gateway/src/main.ts"]
