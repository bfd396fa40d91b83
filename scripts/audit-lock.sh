#!/usr/bin/env bash
# Ask OSV whether a vulnerability is known of a package that uv.lock names. An advisory that appears today must not stop
# yesterday's commit from being built: it is said loudly, and the exit code is 0 all the same.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo "${SILVER_GUARDIAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/silver-guardian}/uv/bin/uv")
if found=$(timeout 60 "$uv" audit --locked --quiet --preview-features audit-command 2>&1); then
    echo "[audit] no vulnerability is known of what uv.lock names"
elif grep -qE 'GHSA-|CVE-|PYSEC-' <<< "$found"; then
    printf '%s\n\n%s\n' "$found" "[audit] ATTENTION: VULNERABILITIES ARE KNOWN of what uv.lock names, see above. Update it." >&2
else
    echo "[audit] skipped: no database of vulnerabilities can be reached"
fi
