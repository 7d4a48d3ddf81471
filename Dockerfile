# The gateway as a container: not root, its file system read-only, the configuration and the mappings mounted. What outlives
# the process (the change guard's counts, the audit log) is kept below /var/lib/postern.
#   docker build -t postern .
#   docker run --read-only -p 127.0.0.1:8880:8880 -e SCIM_TOKEN -v postern-state:/var/lib/postern \
#     -v ./gateway.config.yaml:/etc/postern/gateway.config.yaml:ro postern

# Another base image by --build-arg; it needs Node 24 and a user "node".
ARG NODE_IMAGE=node:24.21.0-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY connectors connectors
COPY sinks sinks
RUN npm run build

FROM ${NODE_IMAGE} AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
# Memory over speed: docs/guides/sizing.md says what that costs, and when to give more.
ENV NODE_OPTIONS="--max-semi-space-size=8 --max-old-space-size=384"
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
COPY package.json ./
COPY --from=packages /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY mappings mappings
COPY schemas schemas
COPY examples/legacy-hr examples/legacy-hr
RUN mkdir --mode=0700 /var/lib/postern && chown node /var/lib/postern
VOLUME /var/lib/postern
USER node
EXPOSE 8880
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "/app/dist/src/main.js", "health", "--config", "/etc/postern/gateway.config.yaml"]
ENTRYPOINT ["node", "/app/dist/src/main.js"]
CMD ["serve", "--config", "/etc/postern/gateway.config.yaml"]
