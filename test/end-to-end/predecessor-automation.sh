#!/bin/sh
# An automation as people had it with the Python service, word for word: its topics, its payloads, its ids.
#
#   predecessor-automation.sh <host> <port> <id of the parked car> <id of the car at the charger>
#
# Ends with 0 when all that it does has worked, else with 1 and a line that says what has not.
set -eu

host=$1
port=$2
parked=$3
charging=$4

fail() {
  echo "$1" >&2
  exit 1
}

# What is retained at a car's topic.
read_topic() {
  mosquitto_sub -h "$host" -p "$port" -q 1 -C 1 -W 5 -t "hyundai/$1/$2" || true
}

send() {
  mosquitto_pub -h "$host" -p "$port" -q 1 -t "hyundai/$1/commands/$2" -m "$3"
}

# A field of the JSON on standard input: a text without its quotes, a number, or null.
field() {
  sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

value_of() {
  read_topic "$1" "$2" | field value
}

# expect <car> <topic> <value>: the topic says so, or will soon.
expect() {
  tries=0
  until [ "$(value_of "$1" "$2")" = "$3" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "hyundai/$1/$2 should be $3, and is: $(read_topic "$1" "$2")"
    sleep 0.25
  done
}

# run <car> <name> <payload>: sends it and waits until the car is done with it, without an error.
run() {
  before=$(read_topic "$1" status/error)
  send "$1" "$2" "$3"
  tries=0
  while
    after=$(read_topic "$1" status/error)
    [ "$after" = "$before" ]
  do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || fail "nothing was said of $2 $3"
    sleep 0.25
  done
  case $after in
    *'"value":null'*) ;;
    *) fail "$2 $3 ended with $after" ;;
  esac
}

# The data topics, with their units.
level=$(value_of "$parked" battery/level)
[ "$level" -ge 1 ] && [ "$level" -le 100 ] || fail "the battery level should be in percent, and is: $level"
[ "$(read_topic "$parked" battery/level | field unit)" = % ] || fail 'the battery level has no unit'
[ "$(value_of "$parked" ev/range)" -gt "$level" ] || fail 'the range makes no sense'
[ "$(read_topic "$parked" ev/range | field unit)" = km ] || fail 'the range has no unit'
[ "$(value_of "$parked" ev/charge_limit)" -ge 50 ] || fail 'there is no charge limit'
expect "$parked" battery/charging_status not_charging
expect "$parked" battery/plug_status disconnected
expect "$charging" battery/charging_status charging
expect "$charging" battery/plug_status connected
[ "$(value_of "$charging" ev/charge_time_target)" -ge 1 ] || fail 'it is charging for how long?'
expect "$parked" status/data_source cached
expect "$parked" status/error null

# Every refresh publishes all of it anew, with what it did.
first=$(read_topic "$parked" battery/level | field timestamp)
seen=$(value_of "$parked" status/last_updated)
run "$parked" refresh force
expect "$parked" status/update_method force
expect "$parked" status/data_source fresh
[ "$(read_topic "$parked" battery/level | field timestamp)" != "$first" ] || fail 'the level was not published anew'
[ "$(value_of "$parked" status/last_updated)" != "$seen" ] || fail 'the car has not reported anew'
run "$parked" refresh cached
expect "$parked" status/update_method cached
run "$parked" refresh smart:3600
expect "$parked" status/update_method smart
run "$charging" refresh smart:1
expect "$charging" status/update_method smart
expect "$charging" status/data_source fresh

# An evening: unlock it, warm it up, air it, and put everything away again.
run "$parked" lock '{"action": "unlock"}'
run "$parked" climate '{"action": "start_climate", "set_temp": 22.5, "duration": 15, "defrost": true, "climate": true, "steering_wheel": 1, "front_left_seat": 6, "front_right_seat": 0}'
run "$parked" windows '{"front_left": 2, "front_right": 1, "back_left": 0, "back_right": 0}'
run "$parked" windows '{"action": "set_windows", "front_left": 0, "front_right": 0, "back_left": 0, "back_right": 0}'
run "$parked" charge_port '{"action": "open"}'
run "$parked" charge_port '{"action": "close"}'
run "$parked" charging_current '{"level": 2}'
run "$parked" climate '{"action": "stop_climate"}'
run "$parked" climate '{"action": "start_climate", "set_temp": 20}'
run "$parked" lock '{"action": "lock"}'
