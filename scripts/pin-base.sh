#!/usr/bin/env bash
# Write the digest of the newest base image into the Dockerfile. The tag that ./deploy.sh gives follows from it: run both
# once a week, and the images have Debian's newest security fixes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly BASE=docker.io/library/debian:trixie-slim
digest=$(docker buildx imagetools inspect "$BASE" --format '{{.Manifest.Digest}}')
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || {
    echo "the registry named no digest" >&2
    exit 1
}
pinned=$(sed "s|^ARG BASE=.*|ARG BASE=$BASE@$digest|" Dockerfile)
printf '%s\n' "$pinned" > Dockerfile
echo "base image: $digest"
