#!/bin/sh
# Makes the configuration as root, who alone can read the options, and goes on as the bridge's own user.
set -eu
umask 077
install -d -m 0700 -o 10001 -g 10001 /data/state "$(dirname "$BLUELINK2MQTT_CONFIG")"
chmod a+x /data
# From a backup everything comes back as root's.
chown -R 10001:10001 /data/state
node /opt/bluelink2mqtt/app/write-config.mjs "$BLUELINK2MQTT_CONFIG"
chown 10001:10001 "$BLUELINK2MQTT_CONFIG"
unset SUPERVISOR_TOKEN HASSIO_TOKEN
exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --inh-caps -all --bounding-set -all \
  bluelink2mqtt run
