# shellcheck shell=bash
# shellcheck disable=SC2034 # read by the scripts in lib/
# What is particular to an x86-64 machine.

ARCH_HOST_PACKAGES=(qemu-system-x86 seabios)
ARCH_KERNEL_PACKAGE=linux-image-cloud-amd64
ARCH_CONSOLE=ttyS0
ARCH_BINFMT=/usr/lib/binfmt.d/qemu-x86_64.conf # its emulator for a host of another architecture

# "max" is twice as fast as qemu64 in emulation; five-level page tables would cost a part of that again
ARCH_QEMU=(qemu-system-x86_64 -machine q35 -cpu "max,la57=off")

# the emulated timer fails the kernel's self test on a crowded host
ARCH_CMDLINE="no_timer_check tsc=reliable"

# arch_unpack_kernel BZIMAGE FILE: writes the ELF kernel inside a bzImage, which qemu starts directly; unpacking it in
# the guest takes seconds. The offsets are those of the boot protocol's setup header
# (Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length); the payload ends in the size of what
# it unpacks to.
arch_unpack_kernel() {
  local image=$1 file=$2 sectors offset length size
  local -a unpack
  sectors=$(od -A n -t u1 -j $((0x1f1)) -N 1 "$image")
  offset=$(od -A n -t u4 -j $((0x248)) -N 4 "$image")
  length=$(od -A n -t u4 -j $((0x24c)) -N 4 "$image")
  offset=$(((sectors + 1) * 512 + offset))
  size=$(od -A n -t u4 -j $((offset + length - 4)) -N 4 "$image")
  case $(od -A n -t x1 -j "$offset" -N 4 "$image") in
    ' 28 b5 2f fd') unpack=(zstd -dcq) length=$((length - 4)) ;;
    ' fd 37 7a 58') unpack=(xz -dcq) length=$((length - 4)) ;;
    ' 1f 8b 08'*) unpack=(gzip -dcq) ;; # that size is gzip's own last field
    *) die "the kernel is compressed in a way this script does not know" ;;
  esac
  dd if="$image" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count="$length" status=none | "${unpack[@]}" >"$file"
  [ "$(stat -c %s "$file")" -eq "$size" ] || die "the unpacked kernel has the wrong size"
}
