#!/bin/bash
# What `make run` does once the programs are built: start a daemon with the
# embedded database, deploy hello.lua, call it, and serve until Ctrl-C. Where cgroup
# v2 cannot serve it says so and runs degraded.
set -euo pipefail
cd "$(dirname "$0")/.."

address=${PICLOUD_LISTEN:-127.0.0.1:8080}
if [[ $address == unix:* ]]; then
  echo "error: make run wants a TCP address in PICLOUD_LISTEN, such as 127.0.0.1:8080" >&2
  exit 1
fi
data=${PICLOUD_DATA_DIR:-./picloud-data}
mkdir -p "$data"
log=$data/run.log

# A daemon started by hand needs a cgroup of its own to divide among its workers:
# root's systemd gives one, and so does a user's.
wrap=()
if [[ -d /run/systemd/system ]] && command -v systemd-run >/dev/null; then
  user=(--user)
  ((EUID == 0)) && user=()
  if systemd-run "${user[@]}" --quiet --scope -p "Delegate=memory pids cpu" true 2>/dev/null; then
    wrap=(systemd-run "${user[@]}" --quiet --scope -p "Delegate=memory pids cpu")
  fi
fi

start() { # start ISOLATION: true if the daemon is ready
  : >"$log"
  "${wrap[@]}" bin/picloud serve --listen "$address" --data-dir "$data" --log-level info --isolation "$1" 2>"$log" &
  daemon=$!
  for _ in {1..200}; do
    curl -fs "http://$address/readyz" >/dev/null 2>&1 && grep -q '"msg":"ready"' "$log" && return 0
    kill -0 "$daemon" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

stop() { kill "$daemon" 2>/dev/null && wait "$daemon" || true; }
trap stop EXIT
trap 'exit 0' INT TERM

if ! start required; then
  wait "$daemon" 2>/dev/null || true
  if ! grep -qi cgroup "$log"; then # something else is wrong
    cat "$log" >&2
    exit 1
  fi
  echo "This machine's cgroups cannot hold the workers' memory:"
  sed 's/^/  /' "$log"
  echo "Running with --isolation=degraded: RLIMIT_DATA in place of the kernel's memory.max."
  echo
  start degraded || { cat "$log" >&2; exit 1; }
fi

url=$(bin/picloud deploy examples/hello.lua --data-dir "$data")
echo "deployed  examples/hello.lua"
echo "call      curl $url"
curl -fsS -w '\n' "$url?name=you"
echo
echo "URL       $url"
if [[ -n ${PICLOUD_ADMIN_TOKEN:-}${PICLOUD_ADMIN_TOKEN_FILE:-} ]]; then
  echo "token     the one you set in the environment"
else
  echo "token     $(cat "$data/admin-token")   (for the admin API, in $data/admin-token)"
fi
echo "log       $log"
echo "Serving until Ctrl-C."
wait "$daemon"
