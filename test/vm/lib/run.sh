# shellcheck shell=bash
# One command in one fresh machine, or several, one after the other, with a restart of the machine between them.
#
# Promises: the command's stdout and stderr come out on stdout as they are written; the exit code is the command's,
# 124 when the time limit (counted from the guest's first word, so without the boot) is up, 125 when the lab failed.
# A machine that restarts keeps its disk as it is at that moment. Fails: if the frozen machine cannot be resumed or
# stays silent, it says so and boots one; if that fails too, it gives up with the end of the console. A restart where
# nothing is to follow, or by a panic of the kernel, is a failure.

RUN_RESUME_SECONDS=${PICLOUD_VM_RESUME_SECONDS:-30}
RUN_BOOT_SECONDS=${PICLOUD_VM_BOOT_SECONDS:-120}
RUN_BOOT_TRIES=2
RUN_LIMIT_SECONDS=300
RUN_NEXT=() # the scripts that are to follow, each after a restart

lab_run() {
  local limit=$RUN_LIMIT_SECONDS outdir='' starts=(resume) start option try started=${EPOCHREALTIME/./} awake
  while getopts 't:o:ca:n:' option; do
    case $option in
      t) limit=$OPTARG ;;
      o) outdir=$OPTARG ;;
      c) starts=() ;;
      a)
        # a frozen machine has been booted already
        starts=()
        MACHINE_ARGUMENTS+=" $OPTARG"
        ;;
      n) RUN_NEXT+=("$OPTARG") ;;
      *) usage ;;
    esac
  done
  shift $((OPTIND - 1))
  [ $# -ge 2 ] || usage
  [[ $limit =~ ^[1-9][0-9]*$ ]] || die "the time limit must be a whole number of seconds, not '$limit'"
  [ -d "$1" ] || die "no such directory: $1"
  run_find_machine
  SCRATCH=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/picloud-vm.XXXXXX")")
  run_pack "$@"

  for ((try = 1; try <= RUN_BOOT_TRIES; try++)); do starts+=(boot); done
  for start in "${starts[@]}"; do
    ! run_start "$start" || break
    machine_stop
    machine_last_words "$SCRATCH/$start"
    rm -rf "${SCRATCH:?}/$start"
    [ "$start" = boot ] || log "the frozen machine could not be resumed; booting one"
  done
  [ -n "$MACHINE_PID" ] || die "the machine did not come up"

  awake=${EPOCHREALTIME/./}
  if run_watch "$start" "$limit"; then
    [ -z "$outdir" ] || run_collect "$start" "$outdir"
    log "$(run_summary "$start" "$started" "$awake")"
  fi
  exit "$LAB_VERDICT"
}

# run_find_machine finds what "lab build" made; a run never builds, as that takes minutes and root.
run_find_machine() {
  command -v "${ARCH_QEMU[0]}" >/dev/null || die "no ${ARCH_QEMU[0]} on this host. Run '$LAB_DIR/lab deps' as root."
  if ! RUN_IMAGE=$(cache_use image "$(image_key)") || ! RUN_KERNEL=$(cache_use kernel "$(kernel_key)") ||
    ! RUN_SNAPSHOT=$(cache_use snapshot "$(snapshot_key)"); then
    die "no machine for these packages, guest files and qemu yet. Run '$LAB_DIR/lab build' as root."
  fi
  cache_use debian "$(debian_key)" >/dev/null || true # the next change of a guest file builds on it
}

# run_pack DIR COMMAND...: the input disk: DIR as /lab, the command as a script. One word is the text of a script,
# more are a command and its arguments.
run_pack() {
  local dir=$1
  shift
  run_script "$@"
  # names and hard links are renamed from "./..." to "lab/...", the targets of symbolic links are not
  machine_input "$SCRATCH" --transform='flags=rSh;s,^\.\(/\|$\),lab\1,' -C "$dir" . -C "$SCRATCH/job" run/lab/command ||
    die "the directory could not be packed: $dir"
}

run_script() {
  mkdir -p "$SCRATCH/job/run/lab"
  if [ $# -eq 1 ]; then
    printf '%s\n' "$1"
  else
    printf 'exec'
    printf ' %q' "$@"
    echo
  fi >"$SCRATCH/job/run/lab/command"
}

# run_start resume|boot: starts a machine and hands it the command. Status 1 if it is not heard of in time.
run_start() {
  local work=$SCRATCH/$1 seconds deadline state
  local -a restarts=()
  mkdir "$work"
  ln "$SCRATCH/input.tar" "$work/input.tar"
  [ ${#RUN_NEXT[@]} -eq 0 ] || restarts=(-action reboot=reset)
  if [ "$1" = resume ]; then
    seconds=$RUN_RESUME_SECONDS
    exec {state}<"$RUN_SNAPSHOT/state"
    machine_start "$work" "$RUN_KERNEL" "format=qcow2,snapshot=on,$(machine_drive "$RUN_SNAPSHOT/disk.qcow2")" \
      -incoming "fd:$state" "${restarts[@]}"
    exec {state}<&-
  else
    seconds=$RUN_BOOT_SECONDS
    machine_start "$work" "$RUN_KERNEL" "format=raw,snapshot=on,$(machine_drive "$RUN_IMAGE/root.ext4")" \
      "${restarts[@]}"
  fi
  run_order
  deadline=$(machine_deadline "$seconds")
  while machine_hear "$deadline"; do
    [ "$MACHINE_LINE" != AWAKE ] || return 0
  done
  log "nothing heard from the guest ($1, within $seconds s)"
  return 1
}

# run_order tells the agent to run the command on the input disk, and how many are to follow.
run_order() {
  local seed
  seed=$(od -A n -t x1 -N 32 /dev/urandom | tr -d ' \n')
  machine_say "RUN $EPOCHREALTIME $seed ${#RUN_NEXT[@]}"
}

# run_next START: hands a machine that has restarted the next command. What the ones before have put out comes with it.
run_next() {
  local fault=
  [ ${#RUN_NEXT[@]} -gt 0 ] || fault="the machine restarted where nothing was to follow"
  ! grep -q 'Kernel panic' "$SCRATCH/$1/console.log" || fault="the machine restarted because its kernel panicked"
  if [ -n "$fault" ]; then
    machine_stop
    machine_last_words "$SCRATCH/$1"
    die "$fault"
  fi
  run_script "${RUN_NEXT[0]}"
  RUN_NEXT=("${RUN_NEXT[@]:1}")
  cp "$SCRATCH/$1/output" "$SCRATCH/job/run/lab/output"
  # written over the one before: qemu has that file open, and the guest is told to forget what it has read of it
  machine_input "$SCRATCH/$1" -C "$SCRATCH/job" run/lab || die "the next command could not be packed"
  run_order
}

# run_watch START SECONDS: waits for the end of the command, ends the machine, and sets LAB_VERDICT. Status 1 if the
# time limit was up first.
run_watch() {
  local deadline code=0
  deadline=$(machine_deadline "$2")
  while machine_hear "$deadline" || { code=$?; false; }; do
    case $MACHINE_LINE in
      AWAKE | STARTED) ;;
      DONE) machine_order system_reset ;;
      READY) run_next "$1" ;;
      'EXIT '*)
        machine_stop
        LAB_VERDICT=${MACHINE_LINE#EXIT }
        return 0
        ;;
      'FAULT '*) die "the guest: ${MACHINE_LINE#FAULT }" ;;
      *) die "the guest said something unexpected: $MACHINE_LINE" ;;
    esac
  done
  machine_stop
  machine_last_words "$SCRATCH/$1"
  [ "$code" -eq 2 ] || die "the machine died before the command ended"
  log "the time limit of $2 s is up"
  LAB_VERDICT=124
  return 1
}

# run_summary START STARTED AWAKE: one line on how it went; times in microseconds of the epoch.
run_summary() {
  local now=${EPOCHREALTIME/./}
  awk -v code="$LAB_VERDICT" -v how="$1" -v up=$(($3 - $2)) -v ran=$((now - $3)) \
    'BEGIN { printf "exit code %d (%s %.1f s, command %.1f s)", code, how, up / 1e6, ran / 1e6 }'
}

# run_collect START OUTDIR unpacks what the command left in /lab/out.
run_collect() {
  local code=$LAB_VERDICT
  LAB_VERDICT= # a failure here is the lab's, not the command's
  mkdir -p "$2" || die "the directory could not be made: $2"
  if [ -s "$SCRATCH/$1/artefacts.tar" ]; then
    tar -x --no-same-owner -f "$SCRATCH/$1/artefacts.tar" -C "$2" || die "the artefacts could not be unpacked to $2"
  fi
  LAB_VERDICT=$code
}
