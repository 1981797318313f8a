# shellcheck shell=bash
# The kernel as qemu starts it, and an initramfs that does no more than mount the root disk.
#
# Makes: vmlinux, initrd. Fails: when the kernel package has not the shape expected here.

# the one driver between the machine and its root disk that Debian's cloud kernel has as a module
KERNEL_MODULES=(virtio_blk)

kernel_key() {
  cache_key "$(debian_key)" "${KERNEL_MODULES[*]}" \
    "$(cache_digest "$LAB_DIR/lib/kernel.sh" "$LAB_DIR/arch/$LAB_ARCH.sh" "$LAB_DIR/guest/initramfs-init")"
}

kernel_make() {
  local dir=$1 debian tree=$SCRATCH/kernel initramfs=$SCRATCH/initramfs deb module file
  debian=$(cache_entry debian "$(debian_key)")
  mkdir -p "$tree" "$initramfs"/{bin,dev,modules,proc,root,sys}
  for deb in "$debian"/*.deb; do
    dpkg-deb -x "$deb" "$tree"
  done

  arch_unpack_kernel "$(compgen -G "$tree/boot/vmlinuz-*")" "$dir/vmlinux"

  install -m 755 "$LAB_DIR/guest/initramfs-init" "$initramfs/init"
  cp "$tree/usr/bin/busybox" "$initramfs/bin/"
  for module in "${KERNEL_MODULES[@]}"; do
    file=$(find "$tree" -name "$module.ko*")
    case $file in
      *.ko) cp "$file" "$initramfs/modules/" ;;
      *.ko.xz) xz -dc "$file" >"$initramfs/modules/$module.ko" ;;
      *.ko.zst) zstd -dcq "$file" >"$initramfs/modules/$module.ko" ;;
      *) die "the kernel has no module $module" ;;
    esac
  done
  (cd "$initramfs" && find . -print0 | sort -z | cpio --create --null --quiet -H newc -R 0:0) >"$dir/initrd"
}
