# bluelink2mqtt with Node, Python and the sidecar's packages inside.
#
#   buildah build -t bluelink2mqtt .          (or docker, podman)
#   podman run --init -v ./config.yaml:/etc/bluelink2mqtt/config.yaml:ro -v bluelink2mqtt:/var/lib/bluelink2mqtt bluelink2mqtt
#
# Any Debian or Ubuntu with Node 20.19 or newer will do as the base. Its python3 should be 3.12 or newer, as of Debian 13:
# with an older one the vendor library cannot sign in to Europe.
ARG BASE=node:22-trixie-slim

FROM ${BASE} AS build
WORKDIR /opt/bluelink2mqtt
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN node scripts/build.mjs && npm prune --omit=dev --ignore-scripts

FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin bluelink2mqtt \
 && install -d -o bluelink2mqtt -g bluelink2mqtt -m 0700 /var/lib/bluelink2mqtt \
 && install -d /etc/bluelink2mqtt
WORKDIR /opt/bluelink2mqtt
COPY --from=build /opt/bluelink2mqtt/node_modules node_modules
COPY --from=build /opt/bluelink2mqtt/dist dist
COPY package.json LICENSE ./
COPY sidecar sidecar
# Outside of the state, so that a new image brings its own and a kept volume cannot hold an old one.
RUN node --input-type=module -e "\
import { ensureEnvironment } from '/opt/bluelink2mqtt/dist/backends/hyundai-kia-connect/environment.js'; \
await ensureEnvironment({ stateDir: '/opt/bluelink2mqtt/environment', log: console.log });" \
 && chmod -R a+rX /opt/bluelink2mqtt

ENV NODE_ENV=production \
    BLUELINK2MQTT_PYTHON=/opt/bluelink2mqtt/environment/python/bin/python \
    BLUELINK2MQTT_STATE_DIR=/var/lib/bluelink2mqtt
USER bluelink2mqtt
VOLUME /var/lib/bluelink2mqtt
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/bluelink2mqtt/dist/main.js"]
CMD ["run"]
