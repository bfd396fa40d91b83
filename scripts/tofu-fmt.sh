#!/usr/bin/env bash
# Formats the given Terraform files with OpenTofu or Terraform: the one on PATH, or the one that the tests built.
set -euo pipefail

readonly CACHE="${SILVER_GUARDIAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/silver-guardian}"

for program in tofu terraform "$CACHE"/bin/opentofu-*/tofu; do
    if command -v "$program" > /dev/null; then
        exec "$program" fmt "$@"
    fi
done
echo "neither tofu nor terraform is installed: not formatted; the integration tests check the format"
