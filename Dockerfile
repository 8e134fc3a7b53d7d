# bluelink2mqtt with Node, Python and the vendor library inside: docs/container.md
#
#   docker build -t bluelink2mqtt .     (or podman build --format docker, buildah build --format docker)
#
# BASE is what the image stands on: a Debian or Ubuntu whose python3 is 3.12 or newer (with an older one nobody can sign in
# to Europe). NODE builds, and lends its program if that is one file, as in the official images. Where NODE has none, and
# where it is not one file, Debian's own package is taken; it has to be 20.19 or newer.
#
# Who reaches the registries through a company's own settings hands them in as secrets; no layer keeps them:
# --secret id=npmrc,src=… (.npmrc), id=pip (pip.conf), id=ca (certificates; /run/secrets/ca for the other two).
ARG BASE=debian:trixie-slim
ARG NODE=node:22-trixie-slim

FROM ${NODE} AS node
RUN command -v npm >/dev/null || { apt-get update && apt-get install -y --no-install-recommends nodejs npm; }
RUN mkdir /node && if [ -x /usr/local/bin/node ]; then cp /usr/local/bin/node /node/; fi
WORKDIR /opt/bluelink2mqtt
COPY package.json package-lock.json .npmrc ./

FROM node AS compile
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca \
    npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN node scripts/build.mjs

# What only a compiler or another system reads stays behind.
FROM node AS packages
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca \
    npm ci --omit=dev --ignore-scripts \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete \
 && find node_modules -path '*/prebuilds/*' -type d ! -name "linux-$(node -p process.arch)" -prune -exec rm -r {} +

FROM ${BASE} AS runtime
COPY --from=node /node/ /usr/local/bin/
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
      $(command -v node >/dev/null || echo nodejs) \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/nodejs/api \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/bluelink2mqtt --shell /usr/sbin/nologin bluelink2mqtt \
 && install -d -o bluelink2mqtt -g bluelink2mqtt -m 0700 /var/lib/bluelink2mqtt \
 && install -d /etc/bluelink2mqtt \
 && ln -s /opt/bluelink2mqtt/dist/main.js /usr/local/bin/bluelink2mqtt

FROM runtime AS application
WORKDIR /opt/bluelink2mqtt
COPY package.json LICENSE ./
COPY sidecar sidecar
COPY --from=packages /opt/bluelink2mqtt/node_modules node_modules
COPY --from=compile /opt/bluelink2mqtt/dist dist
# Outside of the state, so that a new image brings its own and a kept volume cannot hold an old one. Compiled here, since
# nothing can be written there later; pip has done its work.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    node --input-type=module -e "\
import { ensureEnvironment } from '/opt/bluelink2mqtt/dist/backends/hyundai-kia-connect/environment.js'; \
await ensureEnvironment({ stateDir: '/opt/bluelink2mqtt/environment', log: console.log });" \
 && environment/python/bin/python -m pip uninstall -qq -y pip \
 && environment/python/bin/python -m compileall -qq -f --invalidation-mode unchecked-hash environment sidecar \
 && find dist -name '*.map' -delete \
 && chmod a+x dist/main.js \
 && chmod -R a+rX .

FROM runtime AS bluelink2mqtt
COPY --from=application /opt/bluelink2mqtt /opt/bluelink2mqtt
LABEL org.opencontainers.image.title="bluelink2mqtt" \
      org.opencontainers.image.description="Hyundai, Kia and Genesis cars on MQTT" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    BLUELINK2MQTT_PYTHON=/opt/bluelink2mqtt/environment/python/bin/python \
    BLUELINK2MQTT_STATE_DIR=/var/lib/bluelink2mqtt
WORKDIR /var/lib/bluelink2mqtt
USER 10001:10001
VOLUME /var/lib/bluelink2mqtt
EXPOSE 8099
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["bluelink2mqtt", "health"]
ENTRYPOINT ["bluelink2mqtt"]
CMD ["run"]
