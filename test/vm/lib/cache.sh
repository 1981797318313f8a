# shellcheck shell=bash
# The cache: one directory for each thing the build makes, named by a key over all of its inputs.
#
# Promises: an entry that exists is whole. It is made under another name and renamed when it is done, so an
# interrupted build leaves nothing that a later one would trust. An entry never changes; other inputs give another
# name. One build at a time writes; running machines only read.
#
# Fails: loudly, when the directory cannot be made or written.

CACHE_DIR=$(realpath -m "${PICLOUD_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:?is not set; set PICLOUD_VM_CACHE}/.cache}/picloud-vm}")
CACHE_PART=          # the entry being made
CACHE_KEEP_DAYS=14   # entries of other inputs are kept this long after their last use

cache_entry() { printf '%s/%s/%s-%s' "$CACHE_DIR" "$LAB_ARCH" "$1" "$2"; }

# cache_key TEXT...: a key over the given words.
cache_key() { printf '%s\0' "$@" | sha256sum | cut -c1-16; }

# cache_digest PATH...: a digest over files and directory trees: names, kinds, contents, link targets and whether a
# file may be executed; not times, owners or the rest of the mode, which differ between checkouts.
cache_digest() {
  local path
  for path; do
    [ -e "$path" ] || die "missing: $path"
    (
      cd "$(dirname "$path")" || exit
      find "$(basename "$path")" -type f -perm -u+x -printf 'x %p\n' -o -printf '%y %p %l\n' | sort
      find "$(basename "$path")" -type f -print0 | sort -z | xargs -0 -r sha256sum
    )
  done | sha256sum | cut -c1-16
}

# cache_lock waits until no other build is at work. The lock goes with the last process of the build, so that even a
# job orphaned by SIGKILL keeps others out of the directory it writes to.
cache_lock() {
  local lock
  mkdir -p "$CACHE_DIR/$LAB_ARCH"
  exec {lock}>"$CACHE_DIR/$LAB_ARCH/lock"
  if ! flock --nonblock "$lock"; then
    log "another build is at work; waiting for it"
    flock "$lock"
  fi
  rm -rf "$CACHE_DIR/$LAB_ARCH"/*.part
}

# cache_scratch makes a directory for a build's intermediate files, beside the entries: /tmp may be too small, and may
# forbid device nodes.
cache_scratch() {
  mkdir "$CACHE_DIR/$LAB_ARCH/scratch.part"
  printf '%s' "$CACHE_DIR/$LAB_ARCH/scratch.part"
}

# cache_make NAME KEY FUNCTION: makes the entry unless it is there. FUNCTION gets a directory to fill. It is called
# outside of any condition, so that "set -e" ends the build at its first failure.
cache_make() {
  local entry started=$SECONDS
  entry=$(cache_entry "$1" "$2")
  if [ -d "$entry" ]; then
    touch "$entry"
    return
  fi
  log "making $1 ..."
  CACHE_PART=$entry.part
  mkdir "$CACHE_PART"
  "$3" "$CACHE_PART"
  sync --file-system "$CACHE_PART"
  mv --no-target-directory "$CACHE_PART" "$entry"
  CACHE_PART=
  log "made $1 ($((SECONDS - started)) s, $(du -sh "$entry" | cut -f1))"
}

cache_abandon() {
  [ -z "$CACHE_PART" ] || rm -rf "$CACHE_PART"
  CACHE_PART=
}

# cache_use NAME KEY prints the path of an entry and marks it as used; status 1 if it is not there.
cache_use() {
  local entry
  entry=$(cache_entry "$1" "$2")
  [ -d "$entry" ] || return 1
  touch "$entry" 2>/dev/null || true # a cache one may only read is good enough to run
  printf '%s' "$entry"
}

cache_prune() {
  find "$CACHE_DIR/$LAB_ARCH" -mindepth 1 -maxdepth 1 -type d -mtime "+$CACHE_KEEP_DAYS" -exec rm -rf {} +
}

cache_clean() {
  [ -d "$CACHE_DIR/$LAB_ARCH" ] || return 0
  cache_lock
  find "$CACHE_DIR/$LAB_ARCH" -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
  log "removed the machine in $CACHE_DIR/$LAB_ARCH"
}
