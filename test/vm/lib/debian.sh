# shellcheck shell=bash
# Everything that comes from the Debian mirror: the guest's root file system, kernel and busybox.
#
# Promises: comes from the mirror this host's apt already uses (or PICLOUD_VM_MIRROR), with every signature checked
# against Debian's own keyring. Fails: when no Debian mirror is known or reachable, with the end of the log.
#
# Makes: rootfs.tar, and the linux-image and busybox-static packages.

# Debian 12 has the keyring as .gpg, Debian 13 as .pgp with the old name linked to it.
DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

debian_has_keys() {
  [ -f "$DEBIAN_KEYRING" ] && compgen -G "/usr/share/keyrings/debian-archive-$LAB_SUITE-stable.*" >/dev/null
}

debian_key() {
  cache_key "$LAB_SUITE" "$LAB_ARCH" "$ARCH_KERNEL_PACKAGE" \
    "$(cache_digest "$LAB_DIR/guest/packages" "$LAB_DIR/lib/debian.sh" "$LAB_DIR/lib/debian-hook" "$LAB_DIR/lib/foreign")"
}

# debian_host_uris prints the mirrors of this host's apt, one a line, in both of apt's formats.
debian_host_uris() {
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && sed -n 's/^URIs:[[:space:]]*//p' "$file" | tr -s ' \t' '\n'
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] && sed -n -E 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' "$file"
  done
  return 0
}

# debian_sources prints the guest's sources.list.
debian_sources() {
  local uris main security
  uris=$(debian_host_uris | sed 's,/*$,,')
  main=${PICLOUD_VM_MIRROR:-$(grep -m1 '/debian$' <<<"$uris" || true)}
  security=$(grep -m1 '/debian-security$' <<<"$uris" || true)
  [ -n "$main" ] || die "no Debian mirror in this host's apt sources; name one in PICLOUD_VM_MIRROR"
  printf "deb [signed-by=$DEBIAN_KEYRING] %s %s main\n" "$main" "$LAB_SUITE" "$main" "$LAB_SUITE-updates"
  [ -z "$security" ] || printf "deb [signed-by=$DEBIAN_KEYRING] %s %s main\n" "$security" "$LAB_SUITE-security"
}

# debian_is_foreign: are the guest's programs not the host's? Then an emulator is needed to configure its packages.
debian_is_foreign() { [ "$(dpkg --print-architecture)" != "$LAB_ARCH" ]; }

debian_make() {
  local dir=$1 packages
  # its own mount namespace: whatever mmdebstrap mounts is gone when it ends, however it ends
  local -a enclosed=(unshare --mount --propagation private mmdebstrap)
  # sysfs cannot be mounted there, and no package asks for it
  ! debian_is_foreign || enclosed=("$LAB_DIR/lib/foreign" "$ARCH_BINFMT" mmdebstrap --skip=chroot/mount/sys)
  packages=$(sed 's/[[:space:]]*#.*//' "$LAB_DIR/guest/packages" | xargs | tr ' ' ',')
  debian_sources >"$SCRATCH/sources.list"
  LAB_KERNEL_PACKAGE=$ARCH_KERNEL_PACKAGE LAB_DEBS=$dir TMPDIR=$SCRATCH \
    await "${enclosed[@]}" --mode=root --variant=minbase --architectures="$LAB_ARCH" --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-include=/usr/share/locale/locale.alias' \
    --customize-hook="$LAB_DIR/lib/debian-hook" \
    "$LAB_SUITE" "$dir/rootfs.tar" "$SCRATCH/sources.list" >"$SCRATCH/debian.log" 2>&1 || {
    tail -n 20 "$SCRATCH/debian.log" >&2
    die "the root file system could not be made"
  }
}
