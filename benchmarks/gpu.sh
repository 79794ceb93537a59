#!/usr/bin/env bash
# Runs everything marked gpu on a machine that has one (NVIDIA), and prints what was run: torch on CUDA, onnxruntime on
# CUDA, TensorRT. Without a GPU it says so and ends with 3. Everything it installs goes to .venv-gpu.
#
# benchmarks/gpu.sh [arguments for pytest]
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L | grep -q GPU; then
  echo "benchmarks/gpu.sh: no CUDA device here (nvidia-smi finds none): nothing was run" >&2
  exit 3
fi
nvidia-smi --query-gpu=name,driver_version,compute_cap,memory.total --format=csv

VENV=.venv-gpu
if [ ! -f "$VENV/.ready" ] || [ pyproject.toml -nt "$VENV/.ready" ] || [ constraints.txt -nt "$VENV/.ready" ]; then
  "${PYTHON:-python3}" -m venv "$VENV"
  "$VENV/bin/python" -m pip install --quiet -c constraints.txt -e ".[dev]"
  # Both bring the module onnxruntime: the one with CUDA replaces the other. Its versions lag behind a little.
  "$VENV/bin/python" -m pip uninstall --quiet --yes onnxruntime
  "$VENV/bin/python" -m pip install --quiet onnxruntime-gpu
  touch "$VENV/.ready"
fi
# onnxruntime finds the CUDA libraries that torch brought.
SITE=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
LIBRARIES=$(find "$SITE/nvidia" -type d -name lib | paste -sd:)
export LD_LIBRARY_PATH="$LIBRARIES${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

"$VENV/bin/edge-harness" doctor
status=0
"$VENV/bin/pytest" tests -m gpu -v -rA "$@" || status=$?
"$VENV/bin/pytest" suites -m gpu -v -rA "$@" || status=$?
echo
echo "run by benchmarks/gpu.sh on $(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1), exit status $status:"
"$VENV/bin/pytest" tests suites -m gpu --collect-only -q "$@" | grep :: || true
exit "$status"
