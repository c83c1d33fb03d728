#!/usr/bin/env bash
# Installs on Debian what a machine with Go lacks for `make test` and .ci/run:
# make, git, gcc, Java 17 (a JRE), Maven, Python 3 with venv, PostgreSQL,
# docker-compose, the curl, jq and dash of README's commands, and Node, npm and Chromium
# for the chess app. It does nothing where all of them are there; otherwise it needs root
# or sudo.
set -euo pipefail

has() { command -v "$1" >/dev/null; }

if ! has go; then
  echo "deps: Go is not installed: https://go.dev/dl has it" >&2
  exit 1
fi

missing=()
has make || missing+=(make)
has git || missing+=(git)
has gcc || missing+=(gcc libc6-dev) # the race detector links with it
has java || missing+=(jre)
has mvn || missing+=(maven)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
has initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
for program in curl jq dash; do has $program || missing+=("$program"); done
has docker-compose || missing+=(docker-compose)
has node || missing+=(nodejs)
has npm || missing+=(npm)
has chromium || missing+=(chromium fonts-dejavu-core)
[ ${#missing[@]} -gt 0 ] || exit 0

echo "deps: installing ${missing[*]}"
if ! has apt-get; then
  echo "deps: there is no apt-get here: install them by other means" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  has sudo || { echo "deps: that needs root" >&2; exit 1; }
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
"${apt[@]}" update </dev/null
# Debian 12 has Java 17, later ones have others; Kafka runs on them as well.
jre=default-jre-headless
if apt-cache show openjdk-17-jre-headless >/dev/null 2>&1; then
  jre=openjdk-17-jre-headless
fi
"${apt[@]}" install -y --no-install-recommends "${missing[@]/#jre/$jre}" </dev/null
