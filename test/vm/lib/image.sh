# shellcheck shell=bash
# The guest's root disk: Debian's root file system, the kernel's modules, and the files in guest/root.
#
# Makes: root.ext4 (sparse). Fails: when the disk is too small for what goes in.

IMAGE_SIZE=3G # about two thirds of it are free in the guest

image_key() {
  cache_key "$(debian_key)" "$IMAGE_SIZE" \
    "$(cache_digest "$LAB_DIR/lib/image.sh" "$LAB_DIR/guest/root" "$LAB_DIR/guest/masked-units")"
}

image_make() {
  local dir=$1 debian tree=$SCRATCH/image unit version
  debian=$(cache_entry debian "$(debian_key)")
  mkdir "$tree"
  await tar -x --xattrs --xattrs-include='*' --numeric-owner -p -f "$debian/rootfs.tar" -C "$tree"

  # not the package's /boot; into /usr/lib, as /lib is a link to it
  mkdir "$SCRATCH/modules"
  dpkg-deb -x "$(compgen -G "$debian/linux-image-*.deb")" "$SCRATCH/modules"
  mkdir -p "$tree/usr/lib/modules"
  cp -a "$SCRATCH/modules/usr/lib/modules/." "$tree/usr/lib/modules/"
  version=$(basename "$(compgen -G "$tree/usr/lib/modules/*")")
  depmod -b "$tree" "$version"

  # a checkout may have any owner and umask
  tar -c --owner=0 --group=0 --mode='u=rwX,go=rX' -C "$LAB_DIR/guest/root" . | tar -x --no-overwrite-dir -p -C "$tree"
  while read -r unit; do
    ln -sf /dev/null "$tree/etc/systemd/system/$unit"
  done < <(sed 's/[[:space:]]*#.*//; /^$/d' "$LAB_DIR/guest/masked-units")
  touch "$tree/etc/.updated" "$tree/var/.updated" # or systemd does the work of a first boot (ConditionNeedsUpdate=)

  # a small journal: the disk is thrown away after every run, but a run may go on over a power cut
  truncate -s "$IMAGE_SIZE" "$dir/root.ext4"
  await mke2fs -q -t ext4 -J size=16 -E lazy_itable_init=1,root_owner=0:0 -m 0 -d "$tree" "$dir/root.ext4"
}
