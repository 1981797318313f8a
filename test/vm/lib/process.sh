# shellcheck shell=bash
# The lifetime of what the lab starts.
#
# Promises: when the script ends, by itself or by SIGINT, SIGTERM or SIGHUP, the machine and the job in hand are dead
# and waited for, and the temporary and half-made directories are gone. Should the script be killed outright, the
# kernel kills the machine and asks the job to end (PR_SET_PDEATHSIG); the directories then stay until the next build,
# or, those of a run, in the temporary directory.

JOB= # leader of the process group of the job in hand

# await COMMAND...: runs COMMAND and returns its exit code. Unlike a plain foreground command it does not hold up
# this script's answer to a signal: the trap runs at once and stops the whole process group.
await() {
  local code=0
  setsid setpriv --pdeathsig TERM "$@" &
  JOB=$!
  wait "$JOB" || code=$?
  JOB=
  return "$code"
}

job_stop() {
  [ -n "$JOB" ] || return 0
  kill -TERM -- "-$JOB" 2>/dev/null || true
  { wait "$JOB" || true; } 2>/dev/null
  kill -KILL -- "-$JOB" 2>/dev/null || true
  JOB=
}

# at_exit decides the exit code: an error that no one named must not look like the exit code of a command in the
# guest.
at_exit() {
  local code=$?
  trap '' INT TERM HUP
  set +e
  machine_stop
  job_stop
  cache_abandon
  [ -z "$SCRATCH" ] || rm -rf "$SCRATCH"
  if [ -n "$LAB_VERDICT" ]; then
    code=$LAB_VERDICT
  elif [ "$code" -ne 0 ] && [ -z "$LAB_SIGNAL" ]; then
    code=$LAB_FAILURE
  fi
  exit "$code"
}

LAB_SIGNAL=
on_signal() {
  LAB_SIGNAL=$1
  exit "$1"
}

trap at_exit EXIT
trap 'on_signal 129' HUP
trap 'on_signal 130' INT
trap 'on_signal 143' TERM
