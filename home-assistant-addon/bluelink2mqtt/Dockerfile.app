
# What makes the image one of Home Assistant's apps.
FROM bluelink2mqtt
ARG BUILD_VERSION=unknown
LABEL io.hass.type="app" io.hass.arch="aarch64|amd64" io.hass.version="${BUILD_VERSION}"
ENV BLUELINK2MQTT_CONFIG=/run/bluelink2mqtt/config.yaml \
    BLUELINK2MQTT_STATE_DIR=/data/state
COPY run.sh write-config.mjs /opt/bluelink2mqtt/app/
# run.sh gives that up before the bridge starts.
USER root
ENTRYPOINT ["/opt/bluelink2mqtt/app/run.sh"]
CMD []
