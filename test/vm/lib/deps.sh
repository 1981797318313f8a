# shellcheck shell=bash
# The host packages the lab needs (Debian 12 or 13).
#
# Promises: "lab deps" asks dpkg first and touches apt only for what is missing; nothing else in the lab installs
# anything. Fails: with apt's own messages, or the names of what is missing.

DEPS_PACKAGES=(mmdebstrap qemu-utils e2fsprogs cpio zstd xz-utils kmod tar util-linux debian-archive-keyring ca-certificates)
DEPS_FOREIGN_PACKAGES=(qemu-user-static arch-test) # if the host cannot run the guest's programs itself

# deps_missing prints the packages that are not there, one a line.
deps_missing() {
  local package
  local -a packages=("${DEPS_PACKAGES[@]}" "${ARCH_HOST_PACKAGES[@]}")
  command -v dpkg-query >/dev/null || die "the lab is built on Debian 12 or 13 only: there is no dpkg here"
  ! debian_is_foreign || packages+=("${DEPS_FOREIGN_PACKAGES[@]}")
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
  # a keyring older than the guest's suite is as good as none; Debian 12 got those keys in a point release
  debian_has_keys || echo debian-archive-keyring
}

deps_require() {
  local missing
  missing=$(deps_missing | sort -u | xargs)
  [ -z "$missing" ] || die "missing on this host: $missing. Run '$LAB_DIR/lab deps' as root."
}

deps_install() {
  local missing
  [ $# -eq 0 ] || usage
  missing=$(deps_missing | sort -u | xargs)
  [ -n "$missing" ] || return 0
  [ "$(id -u)" -eq 0 ] || die "'lab deps' needs root to install: $missing"
  log "installing: $missing"
  await apt-get -q update >&2 || die "apt-get update failed"
  # shellcheck disable=SC2086 # a list of package names
  DEBIAN_FRONTEND=noninteractive await apt-get -qy install --no-install-recommends $missing >&2 ||
    die "apt-get could not install: $missing"
  deps_require
}
