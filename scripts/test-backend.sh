#!/usr/bin/env bash
# Runs the known-answer suite (the workspace member `tests`) on one Burn backend, after installing what that needs:
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
# The crates below take most of the time when they are optimised fully, and how fast they run matters little to a test.
# burn-flex is compiled anew beside another backend (features of crates under it differ), only to hold reference
# values; burn-nn is not called; torch-sys is generated C++ that forwards to libtorch.
quick=(burn-flex=0 burn-nn=0 burn-dispatch=1)
device="$backend"
case "$backend" in
    flex)
        features=()
        quick=()
        ;;
    ndarray)
        quick+=(burn-ndarray=1)
        ;;
    wgpu)
        "$here/install-wgpu.sh"
        # By name, since the default adapter is never a software one where there is another.
        device=wgpu-cpu
        quick+=(burn-cubecl=1 burn-cubecl-fusion=1 cubecl-ir=1 cubecl-wgpu=1 cubecl-std=1 pliron=1)
        quick+=(cubek-matmul=1 cubek-reduce=1 cubek-tile=1 cubek-quant=1)
        quick+=(cubek-convolution=0 cubek-interpolate=0 cubek-attention=0)
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
        quick+=(torch-sys=0 burn-tch=1)
        ;;
    *) usage ;;
esac

profile=()
for crate in "${quick[@]}"; do
    profile+=(--config "profile.release.package.${crate%=*}.opt-level=${crate#*=}")
done

# What the macros say (ui.rs), what is recorded and made of it (compile.rs, passes.rs) and what Flex allocates (allocation.rs)
# is the same on every device.
suite=()
for file in tests/tests/*.rs; do
    name="$(basename "$file" .rs)"
    case "$name" in
        ui | compile | passes | allocation) ;;
        # Thousands of steps, for what the guides and the rules are and not the device: five minutes and more without our kernels.
        batches | guides | refinement | stopping | untuned) [ "$backend" != flex ] || suite+=(--test "$name") ;;
        # A software GPU compiles their kernels for minutes; the known answers run compiled as well.
        collapse | compiled | enumeration | estimators | ising | posterior | posteriordb | reparameterisation)
            [ "$backend" = wgpu ] || suite+=(--test "$name")
            ;;
        *) suite+=(--test "$name") ;;
    esac
done

# On a software GPU each family of distributions compiles kernels for seconds, 130 of them for an hour: the commonest are
# run there, with all that is not a distribution. VI_TEST_WHOLE=1 runs everything.
skipped=()
if [ "$backend" = wgpu ] && [ -z "${VI_TEST_WHOLE:-}" ]; then
    for module in laws page flows divergences hidden_markov structured univariate combinators multivariate discrete tails \
        shapes_discrete counts beginnings mixtures outside far expanded interval_moments; do
        skipped+=(--skip "$module::")
    done
    # The kernels of these four take minutes each, and the special functions in them are tested by themselves.
    for family in beta binomial_logits binomial_probs student_t; do
        skipped+=(--skip "density::$family")
    done
    # Thousands of steps, for what the rules are and not the device.
    skipped+=(--skip the_minimum_of_a_narrow_valley)
    set -- "$@" -- "${skipped[@]}"
fi

# Burn's assignment to a slice on libtorch panics where the tensor is not contiguous, as in long chains; and a program with tensors
# of single precision panics there when it is recorded in double precision, so that its density stays eager.
if [ "$backend" = tch ]; then
    skipped+=(--skip chains:: --skip a_program_with_tensors_of_single_precision)
    set -- "$@" -- "${skipped[@]}"
fi

export VI_TEST_DEVICE="$device"
echo "test-backend: VI_TEST_DEVICE=$VI_TEST_DEVICE cargo test --release -p tests ${features[*]} ${suite[*]} $*"
exec cargo test --release -p tests "${features[@]}" "${profile[@]}" "${suite[@]}" "$@"
