#!/usr/bin/env bash
# Runs the known-answer suite (the workspace member `tests`) on one Burn backend, after installing what it needs:
#     scripts/test-backend.sh flex|ndarray|wgpu|tch [arguments for cargo test]
# wgpu runs on Mesa's software Vulkan, so no GPU is needed. Every backend may use the same target folder: cargo keeps
# what it builds with different features side by side, and the crates that do not differ are shared.
set -euo pipefail

usage() {
    echo "usage: scripts/test-backend.sh flex|ndarray|wgpu|tch [arguments for cargo test]" >&2
    exit 2
}

[ "$#" -ge 1 ] || usage
backend="$1"
shift
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/.."

# flex is always compiled in; the other backends are features of `tests`.
features=(--features "$backend")
# Beside another backend, burn-flex is compiled a second time (features of crates below it differ) and is by far the
# slowest crate to optimise, while here it only holds reference values. torch-sys is generated C++ that only forwards.
quick=(--config 'profile.release.package.burn-flex.opt-level=0')
case "$backend" in
    flex)
        features=()
        quick=()
        ;;
    ndarray) ;;
    wgpu)
        "$here/install-wgpu.sh"
        driver_file="/usr/share/vulkan/icd.d/lvp_icd.$(uname -m).json"
        # Where other Vulkan drivers are installed, the loader must not offer them: the tolerances of the tests are
        # those of this driver. Loaders before 1.3.207 know the second name only.
        export VK_DRIVER_FILES="$driver_file" VK_ICD_FILENAMES="$driver_file"
        # Mesa complains four times a process where this is not set, as it is not outside a login session.
        if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
            # shellcheck source=scripts/cache-dir.sh
            source "$here/cache-dir.sh"
            export XDG_RUNTIME_DIR="$VI_CACHE/runtime"
            mkdir -p "$XDG_RUNTIME_DIR"
            chmod 700 "$XDG_RUNTIME_DIR"
        fi
        ;;
    tch)
        # shellcheck source=scripts/libtorch-env.sh
        source "$here/libtorch-env.sh"
        quick+=(--config 'profile.release.package.torch-sys.opt-level=0')
        ;;
    *) usage ;;
esac

export VI_TEST_DEVICE="$backend"
echo "test-backend: VI_TEST_DEVICE=$VI_TEST_DEVICE cargo test --release -p tests ${features[*]} ${quick[*]} $*"
exec cargo test --release -p tests "${features[@]}" "${quick[@]}" "$@"
