#!/usr/bin/env bash
# Puts together the smallest libtorch 2.9.0 that the tch backend compiles against and runs with, in
# $VI_CACHE/libtorch-2.9.0 (see cache-dir.sh), and prints the two variables to export. About 490 MB stay on the disk;
# 1.4 GB are needed while it runs. Doing it twice is harmless: a finished tree is only announced.
#
# The parts come out of wheels of the Python package index, since no package there or in Debian 12 holds a libtorch of
# this version for the CPU alone: torch's wheel has it, built for CUDA, and is cut down here. Python itself never
# loads any of it; it only fetches and unpacks.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=scripts/cache-dir.sh
source "$here/cache-dir.sh"

# torch-sys 0.22 accepts this version only.
version=2.9.0
# Raise when the recipe below changes, so that trees made by an older one are made again.
recipe=1
tree="$VI_CACHE/libtorch-$version"
stamp="$tree/vi-runtime-recipe"

announce() {
    echo "export LIBTORCH='$tree' LD_LIBRARY_PATH='$tree/lib'\"\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}\""
}

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "install-libtorch: only Linux on x86_64 is known here; set LIBTORCH to a libtorch $version of your own" >&2
    exit 1
fi

mkdir -p "$VI_CACHE"
# Two test runs at once must not both build the tree.
exec 9>"$VI_CACHE/libtorch.lock"
flock 9

if [ "$(cat "$stamp" 2>/dev/null)" = "$recipe" ]; then
    echo "install-libtorch: $tree is complete already" >&2
    announce
    exit 0
fi

for tool in python3 cc readelf; do
    command -v "$tool" >/dev/null || { echo "install-libtorch: $tool is missing" >&2; exit 1; }
done

work="$(mktemp -d "$VI_CACHE/libtorch-work.XXXXXX")"
trap 'rm -rf "$work"' EXIT

# Debian's python3 comes without pip; a virtual environment brings one along.
if python3 -m pip --version >/dev/null 2>&1; then
    pip=(python3 -m pip)
else
    python3 -m venv "$work/venv" || {
        echo "install-libtorch: python3 has neither pip nor venv (Debian: python3-pip or python3-venv)" >&2
        exit 1
    }
    pip=("$work/venv/bin/python" -m pip)
fi

# The hashes fix the content whatever index or mirror serves it. libtorch_cpu.so of the CUDA build does not start
# without the CUDA runtime and profiling libraries, so these two come too; the other 3 GB of requirements do not.
cat >"$work/requirements.txt" <<'REQUIREMENTS'
torch==2.9.0 --hash=sha256:51de31219c97c51cf4bf2be94d622e3deb5dcc526c6dc00e97c17eaec0fc1d67
nvidia-cuda-runtime-cu12==12.8.90 --hash=sha256:adade8dcbd0edf427b7204d480d6066d33902cab2a4707dcfc48a2d0fd44ab90
nvidia-cuda-cupti-cu12==12.8.90 --hash=sha256:ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182
REQUIREMENTS

echo "install-libtorch: fetching three wheels (911 MB)" >&2
# One fixed interpreter tag, so that the same wheel is taken whatever Python runs this.
"${pip[@]}" download --quiet --no-cache-dir --no-deps --only-binary=:all: --require-hashes \
    --implementation cp --python-version 3.11 --abi cp311 --abi none \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --dest "$work" --requirement "$work/requirements.txt" >&2

echo "install-libtorch: unpacking what is needed" >&2
mkdir -p "$work/tree/lib"
python3 - "$work" <<'UNPACK'
import glob, os, shutil, sys, zipfile

work = sys.argv[1]
# libtorch_cuda.so must stay out: where torch-sys sees it, it links it.
libraries = {
    "torch/lib/libtorch_cpu.so",
    "torch/lib/libc10.so",
    "torch/lib/libgomp.so.1",
    "nvidia/cuda_runtime/lib/libcudart.so.12",
    "nvidia/cuda_cupti/lib/libcupti.so.12",
}
found = set()
for wheel in glob.glob(os.path.join(work, "*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name in libraries:
                target = os.path.join(work, "tree", "lib", os.path.basename(name))
                found.add(name)
            elif name.startswith("torch/include/") and not name.endswith("/"):
                target = os.path.join(work, "tree", name[len("torch/"):])
            else:
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(name) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
    # Each wheel goes as soon as it is read, to keep the peak on the disk low.
    os.remove(wheel)
if found != libraries:
    sys.exit(f"install-libtorch: the wheels lack {sorted(libraries - found)}")
UNPACK

# torch-sys links "torch", but the wheel's libtorch.so needs the CUDA half. An empty library of that name which needs
# only the CPU half stands in for it.
# The loader, not this shell, replaces $ORIGIN.
# shellcheck disable=SC2016
(cd "$work/tree/lib" && echo | cc -shared -x c - -o libtorch.so -Wl,--no-as-needed -L. -ltorch_cpu -lc10 \
    '-Wl,-rpath,$ORIGIN' -Wl,--allow-shlib-undefined)
# torch-sys compares this file with the version it wants.
echo "$version" >"$work/tree/build-version"

# Tells at once, rather than when a test starts, that a library is missing.
if missing="$(LD_LIBRARY_PATH="$work/tree/lib" ldd "$work/tree/lib/libtorch.so" | grep 'not found')"; then
    printf 'install-libtorch: libraries are missing:\n%s\n' "$missing" >&2
    exit 1
fi

rm -rf "$tree"
mv "$work/tree" "$tree"
# Last, so that an interrupted run leaves no tree that looks complete.
echo "$recipe" >"$stamp"
echo "install-libtorch: $tree, $(du -sm "$tree" | cut -f1) MB" >&2
announce
