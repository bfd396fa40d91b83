#!/bin/sh
# scripts/package-lambda.sh TARGET.zip: the context analyzer as an AWS Lambda function (runtime python3.13, x86_64; handler
# context_analyzer.lambda_handler.handler), with the locked versions of what it needs and nothing of the service.
# The same sources and lock give the same bytes, so a deployment changes only when they do.
set -eu
target=$(realpath -m "$1")
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo "${SILVER_GUARDIAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/silver-guardian}/uv/bin/uv")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
"$uv" export --quiet --locked --no-dev --no-emit-workspace --package silver-guardian-context --output-file "$work/locked.txt"
# Only the HTTP service needs these; the handler has no HTTP.
# A package and its hashes are one line once the lines that go on are joined.
sed -e :a -e '/\\$/N; s/\\\n//; ta' "$work/locked.txt" |
    grep -vE '^(fastapi|starlette|uvicorn|prometheus-client|click|h11|annotated-doc)==' > "$work/needed.txt"
# Copies: what is trimmed here must not change in uv's cache, nor in the environments that are linked to it.
"$uv" pip install --quiet --link-mode copy --no-deps --target "$work/zip" --python-version "${LAMBDA_PYTHON:-3.13}" --python-platform x86_64-manylinux_2_28 \
    --only-binary :all: --require-hashes --requirement "$work/needed.txt"
rm -rf "$work/zip/bin"
for member in service analyzers/contract analyzers/kit analyzers/context; do cp -r "$member"/src/* "$work/zip/"; done
SITE_PACKAGES=$work/zip PYTHON=python3 sh scripts/trim-packages.sh transcribe bedrock-runtime
find "$work/zip" -type d -name __pycache__ -prune -exec rm -r {} +
find "$work/zip" -exec touch --no-dereference --date=@315532800 {} +
mkdir -p "$(dirname "$target")"
rm -f "$target"
python3 - "$work/zip" "$target" <<'END'
import pathlib, sys, zipfile
folder, target = pathlib.Path(sys.argv[1]), sys.argv[2]
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
        entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
        archive.writestr(entry, path.read_bytes())
END
echo "$target: $(du -h "$target" | cut -f 1)"
