#!/usr/bin/env bash
# Write the digest of the newest base image to base-image.digest. ./deploy.sh builds on that one, and its tag follows from
# it: run both once a week, and the images have Debian's newest security fixes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

digest=$(docker buildx imagetools inspect docker.io/library/debian:trixie-slim --format '{{.Manifest.Digest}}')
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || {
    echo "the registry named no digest" >&2
    exit 1
}
printf '%s\n' "$digest" > base-image.digest
echo "base image: $digest"
