# shellcheck shell=bash
# One emulated machine: its hardware, its life, and the lines spoken with the agent in the guest
# (guest/root/usr/local/lib/picloud-lab/agent has the protocol).
#
# Promises: what the guest can see of the hardware is the same in every start, so that a frozen machine can be
# resumed. The machine's end is noticed at once: its end of the control channel closes with the process. Fails: never
# by hanging; every wait for the guest has a bound.
#
# A machine works in a directory: console.log, qemu.log, output and artefacts.tar are left there; input.tar must be
# there.

MACHINE_MEMORY_MB=1024
MACHINE_CPUS=2
MACHINE_INPUT_SIZE=1G # of the input disk, sparse; must not change between freezing and resuming

# Without address space randomisation exec is four times as fast under emulation. A kernel that panics restarts at
# once, and qemu ends instead of restarting, unless machine_start is told otherwise. The initramfs starts the
# processors that maxcpus leaves out.
MACHINE_CMDLINE="panic=-1 quiet norandmaps mitigations=off nowatchdog rcupdate.rcu_expedited=1 cryptomgr.notests
  random.trust_cpu=on maxcpus=1"

MACHINE_ARGUMENTS= # more kernel arguments

MACHINE_PID=      # of qemu
MACHINE_READER=   # pid of the process that passes the command's output on
MACHINE_SPEAK=    # descriptor to the agent
MACHINE_LISTEN=   # descriptor from the agent
MACHINE_MONITOR=  # descriptor to qemu's monitor
MACHINE_ANSWERS=  # descriptor from qemu's monitor
MACHINE_LINE=     # what the agent said last

machine_key() {
  cache_key "$("${ARCH_QEMU[0]}" --version)" "$(cache_digest "$LAB_DIR/lib/machine.sh" "$LAB_DIR/arch/$LAB_ARCH.sh")"
}

# machine_input DIR TAR...: makes the input disk in DIR out of the arguments of a tar command.
machine_input() {
  local file=$1/input.tar size
  shift
  tar -c -f "$file" --owner=0 --group=0 --numeric-owner "$@" || return 1
  size=$(stat -c %s "$file")
  [ "$size" -le "$(numfmt --from=iec "$MACHINE_INPUT_SIZE")" ] || die "the input is over $MACHINE_INPUT_SIZE"
  truncate -s "$MACHINE_INPUT_SIZE" "$file"
}

# machine_drive PATH prints a path as the -drive option takes it.
machine_drive() { printf 'file=%s' "${1//,/,,}"; }

# machine_start DIR KERNEL DISK [QEMU ARGUMENT...]: starts a machine in DIR with the kernel in directory KERNEL and
# the -drive options DISK. The command's output goes to this function's stdout, and to a file.
machine_start() {
  local dir=$1 kernel=$2 disk=$3 output stdin stdout
  shift 3
  local -a command=("${ARCH_QEMU[@]}"
    -accel "tcg,thread=multi,tb-size=512"
    -smp "$MACHINE_CPUS" -m "$MACHINE_MEMORY_MB" -rtc base=utc
    -nodefaults -no-user-config -no-reboot -display none
    -kernel "$kernel/vmlinux" -initrd "$kernel/initrd"
    -append "console=$ARCH_CONSOLE ${MACHINE_CMDLINE//$'\n'/} $ARCH_CMDLINE $MACHINE_ARGUMENTS"
    -drive "if=none,id=root,cache=unsafe,$disk"
    -drive "if=none,id=input,format=raw,readonly=on,file=input.tar"
    -device "virtio-blk-pci,addr=0x3,drive=root,serial=root"
    -device "virtio-blk-pci,addr=0x4,drive=input,serial=input"
    -device "virtio-rng-pci,addr=0x5"
    -device "virtio-serial-pci,addr=0x6,id=ports"
    -serial "file:console.log"
    -chardev "pipe,id=monitor,path=monitor" -mon "chardev=monitor,mode=readline"
    -chardev "stdio,id=control,signal=off"
    -device "virtserialport,bus=ports.0,nr=1,chardev=control,name=control")

  # The process substitution comes first, so that it holds none of the other channels open.
  exec {output}> >(exec tee "$dir/output")
  MACHINE_READER=$!
  command+=(-chardev "file,id=output,path=/dev/fd/$output"
    -device "virtserialport,bus=ports.0,nr=2,chardev=output,name=output"
    -chardev "file,id=artefacts,path=artefacts.tar"
    -device "virtserialport,bus=ports.0,nr=3,chardev=artefacts,name=artefacts")

  # Opened for both directions first, a FIFO does not block; this side's own descriptors see the end of qemu, and
  # writing to it when it is dead raises no SIGPIPE.
  mkfifo "$dir/to-agent" "$dir/from-agent" "$dir/monitor.in" "$dir/monitor.out"
  # shellcheck disable=SC2094 # each is one FIFO, on purpose
  exec {MACHINE_SPEAK}<>"$dir/to-agent" {stdin}<"$dir/to-agent"
  # shellcheck disable=SC2094
  exec {stdout}<>"$dir/from-agent" {MACHINE_LISTEN}<"$dir/from-agent"
  [ -z "$MACHINE_ANSWERS" ] || exec {MACHINE_ANSWERS}<&-
  exec {MACHINE_MONITOR}<>"$dir/monitor.in" {MACHINE_ANSWERS}<>"$dir/monitor.out"
  (
    exec {MACHINE_SPEAK}>&- {MACHINE_LISTEN}<&- {MACHINE_MONITOR}>&- {MACHINE_ANSWERS}<&-
    cd "$dir" || exit
    # qemu's overlay of a disk used with snapshot=on is to lie here too
    TMPDIR=$dir exec setpriv --pdeathsig KILL "${command[@]}" "$@" <&"$stdin" >&"$stdout" 2>qemu.log
  ) &
  MACHINE_PID=$!
  exec {output}>&- {stdin}<&- {stdout}>&-
}

machine_say() { printf '%s\n' "$*" >&"$MACHINE_SPEAK"; }

# machine_order LINE...: commands for qemu's monitor, which takes up each when the one before is done.
machine_order() { printf '%s\n' "$@" >&"$MACHINE_MONITOR"; }

# machine_answers prints what the monitor has said since it was last asked.
machine_answers() {
  local line
  while read -r -t 0.1 -u "$MACHINE_ANSWERS" line; do
    printf '%s\n' "$line"
  done
}

# machine_hear DEADLINE: the next line of the agent into MACHINE_LINE. Status 1 if the machine is dead, 2 if the
# deadline (microseconds of the epoch, see machine_deadline) passes first.
machine_hear() {
  local left=$(($1 - ${EPOCHREALTIME/./})) code=0
  MACHINE_LINE=
  [ "$left" -gt 0 ] || return 2
  printf -v left '%d.%06d' $((left / 1000000)) $((left % 1000000))
  # shellcheck disable=SC2034 # read by the callers
  read -r -t "$left" -u "$MACHINE_LISTEN" MACHINE_LINE || code=$?
  [ "$code" -le 128 ] || return 2
  return "$code"
}

# machine_deadline SECONDS prints the time that is so far away.
machine_deadline() { echo $((${EPOCHREALTIME/./} + $1 * 1000000)); }

# machine_stop ends the machine, if there is one, and waits until the command's output has been passed on. What the
# monitor has said can still be read until the next machine starts.
machine_stop() {
  [ -n "$MACHINE_PID" ] || return 0
  kill -KILL "$MACHINE_PID" 2>/dev/null || true
  { wait "$MACHINE_PID" "$MACHINE_READER" || true; } 2>/dev/null
  MACHINE_PID=
  exec {MACHINE_SPEAK}>&- {MACHINE_LISTEN}<&- {MACHINE_MONITOR}>&-
}

# machine_last_words DIR shows what the machine left on its console and what qemu had to say.
machine_last_words() {
  log "the end of the console:"
  tail -q -n 60 "$1/console.log" "$1/qemu.log" >&2 || true
}
