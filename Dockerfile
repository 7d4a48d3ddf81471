# Postern as a container image. It runs as a user without rights, its file system can be read-only, and /var/lib/postern keeps what
# outlives the process: change-guard counts, the audit log.
#
#   docker build -t postern .
#
# Serve the embedded example:
#   docker run --rm --read-only -p 127.0.0.1:8880:8880 postern
#
# Serve a configuration of your own, which says how tokens are kept safe on the way: server.tls, server.trustProxy or server.plainHttp:
#   docker run --read-only --tmpfs /tmp -p 127.0.0.1:8880:8880 -e SCIM_TOKEN \
#     -v postern-state:/var/lib/postern -v ./my.config.yaml:/etc/postern/gateway.config.yaml:ro postern

# Another base image by --build-arg; it needs Node.js 24 and a user "node".
ARG NODE_IMAGE=node:24.21.0-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

FROM ${NODE_IMAGE} AS build
WORKDIR /postern
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/
COPY src src
COPY connectors connectors
COPY sinks sinks
COPY web web
# The commit that is built, for `postern --version`: --build-arg COMMIT=$(git rev-parse HEAD)
ARG COMMIT
RUN npm run --silent build

FROM ${NODE_IMAGE} AS packages
WORKDIR /postern
COPY package.json package-lock.json ./
# Optional drivers, such as --build-arg PACKAGES="tedious ssh2-sftp-client", in the versions of the lockfile.
ARG PACKAGES
RUN for name in $PACKAGES; do \
    npm pkg set "dependencies.$name=$(npm pkg get "devDependencies.$name" | tr -d '"')" \
    && npm pkg delete "devDependencies.$name" \
    && npm install --package-lock-only --ignore-scripts --no-audit --no-fund || exit 1; \
  done \
  && npm ci --ignore-scripts --omit=dev --no-audit --no-fund \
  && npm pkg delete devDependencies \
  && npm sbom --sbom-format cyclonedx --sbom-type application --omit dev > sbom.cdx.json
# Types, source maps and the packages' own tests are never read.
RUN find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.flow' \) -delete \
  && rm -rf node_modules/bintrees/test \
  && find node_modules -type d -empty -delete

# The base image without npm, yarn and Node.js' headers, which a running gateway has no use for.
FROM ${NODE_IMAGE} AS runtime
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /usr/local/share /opt/yarn* /usr/local/bin/npm /usr/local/bin/npx \
    /usr/local/bin/corepack /usr/local/bin/yarn* /usr/local/bin/docker-entrypoint.sh \
  && ln -s /app/bin/postern.cjs /usr/local/bin/postern \
  && mkdir -p /etc/postern && mkdir -p --mode=0700 /var/lib/postern && chown node /var/lib/postern

FROM scratch
COPY --from=runtime / /
ARG COMMIT
LABEL org.opencontainers.image.title="Postern" \
  org.opencontainers.image.description="A SCIM 2.0 gateway in front of LDAP directories, SQL databases and REST APIs." \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.revision="${COMMIT}"
# Memory over speed: docs/guides/sizing.md says what that costs, and when to give more.
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  NODE_ENV=production \
  NODE_OPTIONS="--max-semi-space-size=8 --max-old-space-size=384" \
  MALLOC_ARENA_MAX=2 \
  POSTERN_HOST=0.0.0.0
COPY --from=packages /postern/package.json /postern/sbom.cdx.json /app/
COPY --from=packages /postern/node_modules /app/node_modules
COPY bin /app/bin
COPY examples/legacy-hr /app/examples/legacy-hr
COPY mappings /app/mappings
COPY schemas /app/schemas
COPY --from=build /postern/dist /app/dist
WORKDIR /etc/postern
VOLUME /var/lib/postern
USER node
EXPOSE 8880
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "/app/bin/postern.cjs", "health"]
ENTRYPOINT ["node", "/app/bin/postern.cjs"]
CMD ["serve"]
