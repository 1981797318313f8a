# shellcheck shell=bash
# The booted machine, frozen: a run that resumes it saves the boot.
#
# Promises: the machine has passed guest/root/usr/local/lib/picloud-lab/check before it is frozen. Makes: state (the
# machine's memory and devices), disk.qcow2 (what the boot wrote; its backing file is the image). Fails: when no boot
# of a few succeeds (one that stalls on a crowded host is given up and tried again), or when the check finds a fault.

SNAPSHOT_TRIES=3
SNAPSHOT_CHECK_SECONDS=120
SNAPSHOT_SAVE_SECONDS=120

snapshot_key() {
  cache_key "$(image_key)" "$(kernel_key)" "$(machine_key)" "$(cache_digest "$LAB_DIR/lib/snapshot.sh")"
}

snapshot_make() {
  local dir=$1 try
  for ((try = 1; ; try++)); do
    ! snapshot_try "$dir" "$SCRATCH/boot-$try" || return 0
    machine_stop
    machine_last_words "$SCRATCH/boot-$try"
    [ "$try" -lt "$SNAPSHOT_TRIES" ] || die "no boot of $SNAPSHOT_TRIES succeeded"
    log "trying again"
  done
}

# snapshot_try DIR WORK: one boot. Status 1 if the machine did not come up or could not be saved.
snapshot_try() {
  local dir=$1 work=$2 image kernel deadline
  image=$(cache_entry image "$(image_key)")
  kernel=$(cache_entry kernel "$(kernel_key)")
  rm -f "$dir"/*
  mkdir "$work"
  : >"$work/input.tar"
  truncate -s "$MACHINE_INPUT_SIZE" "$work/input.tar"
  # a relative backing file, so that the cache may move
  qemu-img create -q -f qcow2 -F raw -b "../$(basename "$image")/root.ext4" "$dir/disk.qcow2" || return 1
  ln -s "$dir/state" "$work/state"
  machine_start "$work" "$kernel" "format=qcow2,$(machine_drive "$dir/disk.qcow2")"

  deadline=$(machine_deadline "$RUN_BOOT_SECONDS")
  machine_hear "$deadline" || { log "the guest did not come up within $RUN_BOOT_SECONDS s"; return 1; }
  machine_say CHECK
  deadline=$(machine_deadline "$SNAPSHOT_CHECK_SECONDS")
  machine_hear "$deadline" || { log "the check of the guest did not end within $SNAPSHOT_CHECK_SECONDS s"; return 1; }
  [ "$MACHINE_LINE" = CHECKED ] || die "the guest is not fit: ${MACHINE_LINE#FAULT }"

  # Not stopped first: a machine saved while stopped comes back stopped.
  machine_order 'migrate "exec:cat > state"' 'info migrate' quit
  deadline=$(machine_deadline "$SNAPSHOT_SAVE_SECONDS")
  while machine_hear "$deadline"; do :; done # until the machine has ended, or the deadline
  machine_stop
  machine_answers >"$work/monitor.log"
  grep -q 'Migration status: completed' "$work/monitor.log" && [ -s "$dir/state" ] && return 0
  log "the machine could not be saved:"
  cat "$work/monitor.log" >&2
  return 1
}
