#!/usr/bin/env bash
# Build a real Telegraf for the benchmarks: tools/build_telegraf.sh [VERSION FOLDER]
# Puts FOLDER/telegraf there at once when it is whole; without arguments the version that the
# benchmarks use, once, into the user's cache. Needs Go. Only the plugins that are measured are
# built in: mqtt_consumer, influxdb_v2 and the JSON parser. Minutes when cold, seconds when Go's
# caches are warm. Nothing is written into the repository.
set -euo pipefail

if (($# == 0)); then
  version=1.37.2
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/supervision-hub/telegraf-$version
  mkdir -p "$folder"
  # One build at a time: whoever waits finds it there.
  flock "$folder/lock" sh -c 'test -x "$2/telegraf" || "$0" "$1" "$2"' "$0" "$version" "$folder"
  exit
fi

version=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
work=$(mktemp -d "$folder/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
# No flags of whoever calls: this is `module@version`, outside any module.
export GOFLAGS= GOBIN=$work/bin GOTOOLCHAIN=local
cd "$work"
go install -tags "custom,inputs.mqtt_consumer,outputs.influxdb_v2,parsers.json" \
  "github.com/influxdata/telegraf/cmd/telegraf@v$version"
mv "$GOBIN/telegraf" "$folder/telegraf"
