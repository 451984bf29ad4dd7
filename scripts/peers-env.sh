# shellcheck shell=bash
# Sourced by the scripts that run NumPyro: its versions and where it is installed. VI_CACHE is set (see cache-dir.sh).
# `VI_NUMPYRO` names another Python that has NumPyro, which is then used as it is.
numpyro="${VI_NUMPYRO:-$VI_CACHE/numpyro-0.22.0/bin/python}"

# Makes the virtual environment unless it is there.
install_numpyro() {
    if [ -n "${VI_NUMPYRO:-}" ] || "$numpyro" -c 'import numpyro, funsor' 2>/dev/null; then
        return
    fi
    echo "peers: installing NumPyro 0.22.0 with JAX 0.10.2 (about 400 MB)" >&2
    python3 -m venv "${numpyro%/bin/python}"
    "$numpyro" -m pip install --quiet --disable-pip-version-check numpyro==0.22.0 jax==0.10.2 funsor
}
