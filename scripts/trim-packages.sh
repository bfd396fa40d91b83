#!/bin/sh
# Runs while an image is built, in its site-packages (or in SITE_PACKAGES): removes what is never used there, namely
# debug symbols of bundled libraries, tests, type stubs, C headers, and AWS services other than S3, those that
# credentials come from, and those that the arguments name: their models, and their endpoints, 1.2 MB of JSON that would be
# parsed for every S3 client. Of the models that stay: the words, 1 MB of S3's 1.3, which every client would hold in memory.
# Of kubernetes: the calls that block, since only kubernetes.aio is used. Of SQLAlchemy and
# Alembic: other databases than PostgreSQL. Of onnxruntime: what makes and converts models, and the runtime's second copy,
# which is there for programs in C. Of c2pa: what it is built with, and the packages that only it names for that. Of silero_vad:
# all but the one network that is run. Of Pillow: AVIF. Of Google's common messages: all but those of errors. Of huggingface_hub: all but its names, which faster-whisper imports and does not use.
# tests/support/image/smoke.py, run after it, fails the build if this removed too much.
set -eu
cd "${SITE_PACKAGES:-/opt/venv/lib/python3.13/site-packages}"
find botocore/data -mindepth 1 -maxdepth 1 -type d -regextype posix-extended \
    ! -regex ".*/($(echo s3 sts sso sso-oidc signin "$@" | tr ' ' '|'))" -exec rm -r {} +
"${PYTHON:-/opt/venv/bin/python}" - botocore/data/endpoints.json "$@" <<'END'
import gzip, json, pathlib, sys
def wordless(value):
    if isinstance(value, dict):
        return {name: wordless(part) for name, part in value.items()} | (
            {"documentation": ""} if isinstance(value.get("documentation"), str) else {}  # botocore wants some of them
        )
    return [wordless(part) for part in value] if isinstance(value, list) else value
path = pathlib.Path(sys.argv[1])
for model in path.parent.glob("*/*/service-2.json.gz"):
    content = gzip.compress(json.dumps(wordless(json.loads(gzip.decompress(model.read_bytes())))).encode(), mtime=0)
    model.unlink()  # it may be the same file in other environments
    model.write_bytes(content)
endpoints = json.loads(path.read_text())
kept = {"s3", "sts", "sso", "portal.sso", "oidc", "signin", *sys.argv[2:]}
for partition in endpoints["partitions"]:
    partition["services"] = {name: facts for name, facts in partition["services"].items() if name in kept}
path.unlink()  # as above
path.write_text(json.dumps(endpoints))
END
if [ -d kubernetes ]; then
    find kubernetes/client/api kubernetes/client/models -type f ! -name '__init__.*' -delete
fi
if [ -d sqlalchemy ]; then
    (cd sqlalchemy && rm -r testing dialects/mssql dialects/mysql dialects/oracle dialects/sqlite)
    (cd alembic && rm -r testing templates)
fi
if [ -d onnxruntime ]; then
    (cd onnxruntime && rm -r backend datasets quantization tools transformers capi/libonnxruntime.so*)
fi
if [ -d PIL ]; then
    rm PIL/_avif.* pillow.libs/libavif*
fi
if [ -d google ]; then
    (cd google && rm -rf api cloud gapic logging longrunning type)
fi
if [ -d c2pa ]; then
    (cd c2pa && rm -rf build.py libs/*.rlib libs/*.d)
    rm -r cffi _cffi_backend* cryptography pycparser toml
fi
if [ -d silero_vad ]; then
    find silero_vad -type f ! -name '__init__.py' ! -name 'silero_vad_16k_sequence.onnx' -delete
fi
if [ -d huggingface_hub ]; then
    find huggingface_hub -type f ! -name '__init__.*' -delete
fi
find . -type d \( -name tests -o -name test -o -path ./numpy/f2py -o -path ./cv2/data \) -prune -exec rm -r {} +
find . -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.h' -o -name '*.c' \) -delete
# Into a new file: a package that uv linked from its cache is the same file in every other environment.
if command -v strip > /dev/null; then
    find . -type f -name '*.so*' -exec sh -ec '
        for library; do strip --strip-unneeded -o "$library.new" "$library"; mv "$library.new" "$library"; done' sh {} +
fi
