# shellcheck shell=bash
# Sourced by the other scripts: names the folder, outside any clone, in which built and downloaded things are kept,
# so that a fresh clone of the repository (continuous integration makes one each time) finds them again.
VI_CACHE="${VI_CACHE:-${XDG_CACHE_HOME:-${HOME:?neither VI_CACHE nor HOME is set}/.cache}/vi-runtime}"
# The linker and the dynamic loader see this path from other folders, so a relative one would not be found again.
case "$VI_CACHE" in
    /*) ;;
    *) VI_CACHE="$PWD/$VI_CACHE" ;;
esac
export VI_CACHE
