# shellcheck shell=bash
# Sourced by the recipes, after scripts/cache.sh: a container engine that needs no registry, and local images.
#   engine_up            podman, buildah and runc with settings and a store of their own, below $cache/containers
#   local_images         the two Alpines as images
#   image NAME TAR       localhost/NAME from the packed root TAR, unless it is there from just that file
# Where an engine cannot be had (not Debian, not root), engine_up ends the script with exit code 77: skipped, not passed.
# Images are made from the packed Alpine roots of scripts/alpine/make-stage, so the network is asked for nothing but
# what a recipe itself asks for.
engine_up() {
  # Quiet, since the message of need_debian is about the tests.
  if ! (need_debian podman=podman buildah=buildah runc=runc); then
    say "skipped: no container engine"
    exit 77
  fi
  local home=$cache/containers
  mkdir -p "$home"/{graph,run}
  # Limits cannot be raised where CAP_SYS_RESOURCE is missing; crun refuses hybrid cgroups; a network namespace of
  # its own has no way out where nothing routes.
  cat >"$home/containers.conf" <<'C'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
C
  cat >"$home/storage.conf" <<C
[storage]
driver = "overlay"
graphroot = "$home/graph"
runroot = "$home/run"
C
  # Short names mean local images: a Dockerfile for everybody builds here unchanged.
  echo 'unqualified-search-registries = ["localhost"]' >"$home/registries.conf"
  export CONTAINERS_CONF=$home/containers.conf CONTAINERS_STORAGE_CONF=$home/storage.conf CONTAINERS_REGISTRIES_CONF=$home/registries.conf
  export BUILDAH_ISOLATION=chroot
}

# A second file says what an image was made from, since an import gives every image another digest.
image() {
  local name=$1 tar=$2 sum mark
  sum=$(sha256sum <"$tar" | cut -c1-16)
  mark=$cache/containers/${name//[:\/]/_}.from
  if podman image exists "localhost/$name" && [ "$(cat "$mark" 2>/dev/null)" = "$sum" ]; then return 0; fi
  say "importing $name"
  podman import --quiet --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' --change 'ENV LANG=C.UTF-8' \
    --change 'ENV PYTHON_VERSION=3.13' --change 'CMD ["python3"]' "$tar" "localhost/$name" >/dev/null
  echo "$sum" >"$mark"
}

# python:3.13-alpine from the bare Alpine, alpine-full from the one with a compiler
local_images() {
  local full=$cache/stage/full bare=$cache/stage/bare
  mkdir -p "$cache/stage"
  "$here/alpine/make-stage" "$full" >&2
  "$here/alpine/make-stage" --bare "$bare" >&2
  # make-stage keeps one packed root of each kind.
  image python:3.13-alpine "$cache"/alpine/bare-*.tar
  if ! podman run --rm --network none localhost/python:3.13-alpine true; then
    say "skipped: this machine lets no container run"
    exit 77
  fi
  image alpine-full:latest "$cache"/alpine/full-*.tar
}
