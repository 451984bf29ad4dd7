#!/usr/bin/env bash
# Installs what the wgpu backend needs on a machine without a GPU: the Vulkan loader and Mesa's software Vulkan
# driver ("lavapipe"), from Debian. Doing it twice is harmless. Works as root or through sudo.
set -euo pipefail

# One package each: the loader (libvulkan.so.1, which wgpu opens at run time) and the drivers, lavapipe among them.
packages=(libvulkan1 mesa-vulkan-drivers)
# Written by mesa-vulkan-drivers; tells the loader where lavapipe is.
driver_file=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json
case "$(uname -m)" in
    x86_64) ;;
    *) driver_file="/usr/share/vulkan/icd.d/lvp_icd.$(uname -m).json" ;;
esac

is_installed() {
    [ "$(dpkg-query --show --showformat '${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]
}

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done

if [ "${#missing[@]}" -eq 0 ]; then
    echo "install-wgpu: ${packages[*]} are there already, nothing to do"
else
    if [ "$(id -u)" -eq 0 ]; then
        as_root=()
    elif command -v sudo >/dev/null; then
        as_root=(sudo)
    else
        echo "install-wgpu: ${missing[*]} must be installed, which takes root or sudo" >&2
        exit 1
    fi
    echo "install-wgpu: installing ${missing[*]}"
    # A package list older than the archive names versions that are no longer served.
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

if [ ! -e "$driver_file" ]; then
    echo "install-wgpu: ${packages[*]} are installed but $driver_file is not there" >&2
    exit 1
fi
for package in "${packages[@]}"; do
    echo "install-wgpu: $package $(dpkg-query --show --showformat '${Version}' "$package")"
done
echo "install-wgpu: software Vulkan driver described by $driver_file"
