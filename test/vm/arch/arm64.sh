# shellcheck shell=bash
# shellcheck disable=SC2034 # read by the scripts in lib/
# What is particular to a 64-bit ARM machine.

ARCH_HOST_PACKAGES=(qemu-system-arm)
ARCH_KERNEL_PACKAGE=linux-image-cloud-arm64
ARCH_CONSOLE=ttyAMA0
ARCH_BINFMT=/usr/lib/binfmt.d/qemu-aarch64.conf # its emulator for a host of another architecture

# a Raspberry Pi has neither pointer authentication nor SVE, and both are dear in emulation
ARCH_QEMU=(qemu-system-aarch64 -machine virt -cpu "max,pauth=off,sve=off")
ARCH_CMDLINE=

# arch_unpack_kernel IMAGE FILE: Debian's file for this architecture is not packed: it is the flat Image that qemu starts
# (Documentation/arch/arm64/booting.rst, with the magic number "ARM\x64" at offset 56).
arch_unpack_kernel() {
  local image=$1 file=$2
  [ "$(od -A n -t x1 -j 56 -N 4 "$image")" = ' 41 52 4d 64' ] || die "the kernel is not an Image as qemu starts it"
  cp "$image" "$file"
}
