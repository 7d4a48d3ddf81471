# The gateway as a container: not root, nothing written, the configuration and the mappings mounted.
#   docker build -t postern .
#   docker run --read-only -p 8880:8880 -v ./gateway.config.yaml:/etc/postern/gateway.config.yaml:ro -e SCIM_TOKEN postern

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY connectors connectors
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY --from=packages /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY mappings mappings
COPY schemas schemas
USER node
EXPOSE 8880
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8880/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/main.js"]
CMD ["serve", "--config", "/etc/postern/gateway.config.yaml"]
