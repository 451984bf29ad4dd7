# shellcheck shell=bash
# Sets LIBTORCH and LD_LIBRARY_PATH for the tch backend in the bash that sources it:
#     source scripts/libtorch-env.sh
# building the libtorch tree first where it is not there yet. A LIBTORCH that is set already is kept. Sourced rather
# than run, since a program cannot change its caller's variables; what install-libtorch.sh prints is evaluated, so that
# the two agree on the place.
if [ -z "${LIBTORCH:-}" ]; then
    vi_libtorch_exports="$(bash "$(dirname "${BASH_SOURCE[0]}")/install-libtorch.sh")" || return 1
    eval "$vi_libtorch_exports"
    unset vi_libtorch_exports
fi
