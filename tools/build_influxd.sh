#!/usr/bin/env bash
# Build a real InfluxDB for the tests and benchmarks: tools/build_influxd.sh [VERSION FOLDER]
# Puts FOLDER/influxd there at once when it is whole; without arguments both versions that the tests
# use, once, into the user's cache. Needs Go; 2.x needs Rust, gcc and pkg-config as well (its query
# language is a Rust library). Minutes when cold, seconds when the caches of Go and Cargo are warm.
# Nothing is written into the repository.
set -euo pipefail

# rustup looks for its toolchains in $HOME; where HOME is another one, they stand beside its shims.
if ! rustc --version > /dev/null 2>&1 && shim=$(command -v rustc); then
  beside=$(dirname "$(dirname "$(dirname "$shim")")")/.rustup
  [[ ! -d $beside ]] || export RUSTUP_HOME=$beside
fi

if (($# == 0)); then
  for version in 2.7.12 1.8.10; do
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/supervision-hub/influxd-$version
    mkdir -p "$folder"
    # One build at a time: whoever waits finds it there.
    flock "$folder/lock" sh -c 'test -x "$2/influxd" || "$0" "$1" "$2"' "$0" "$version" "$folder"
  done
  exit
fi

version=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
work=$(mktemp -d "$folder/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
export GOFLAGS=-mod=mod GOBIN=$work/bin GOTOOLCHAIN=local
cd "$work"

case $version in
  1.*)
    go install "github.com/influxdata/influxdb/cmd/influxd@v$version"
    ;;
  2.*)
    # A module of our own with the one `replace` of InfluxDB's go.mod repeated: `go install
    # module@version` refuses modules that replace others.
    cat > go.mod << END
module influxd.example

go 1.24

tool github.com/influxdata/influxdb/v2/cmd/influxd

require github.com/influxdata/influxdb/v2 v$version

replace github.com/nats-io/nats-streaming-server v0.11.2 => github.com/influxdata/nats-streaming-server v0.11.3-0.20201112040610-c277f7560803
END
    go mod tidy
    # Flux asks pkg-config for its Rust library; InfluxData's own pkg-config builds it.
    export PKG_CONFIG=$GOBIN/pkg-config
    go install github.com/influxdata/pkg-config
    # Flux pins an old rustc and denies warnings; RUSTFLAGS do not reach its build scripts.
    printf '#!/bin/sh\nexec "$@" --cap-lints allow\n' > rustc-allowing
    chmod +x rustc-allowing
    export RUSTC_WRAPPER=$work/rustc-allowing RUSTUP_TOOLCHAIN=stable PATH=$GOBIN:$PATH
    go install tool
    ;;
  *)
    echo "no recipe for InfluxDB $version" >&2
    exit 2
    ;;
esac
mv "$GOBIN/influxd" "$folder/influxd"
