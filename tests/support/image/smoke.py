"""Run while an image is built: whatever was trimmed from the dependencies must not be missed.

It stands alone, since neither pytest nor the rest of the tests is in an image.
"""

import importlib
import io
import os
import pkgutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

AUDIO_FORMATS = (("wav", "pcm_s16le"), ("mp3", "libmp3lame"), ("ogg", "libopus"), ("flac", "flac"), ("mp4", "aac"))
VIDEO_FORMATS = (("mp4", "libx264"), ("mp4", "libx265"), ("webm", "libvpx-vp9"))
LEFT_OUT = {
    "operator": {"moto", "onnx", "rich", "status_api", "typer", "uvicorn"},
    "audio": {"onnx"},
    "video": {"onnx", "onnxruntime"},
    "context": {"onnx"},
    "status-api": set(),
}
"""By target: the operator's extra `local`, for laptops; what makes models."""

TANH = "CAg6MwoMCgF4EgF5IgRUYW5oEgFnWg8KAXgSCgoICAESBAoCCAFiDwoBeRIKCggIARIECgIIAUIECgAQEg=="
"""A model of one operation, as ONNX in base 64."""

HALF = 0.5
PACKAGES = {
    "operator": ("analysis_operator", "analyzer_contract", "guardian_locales"),
    "audio": ("audio_analyzer", "analyzer_kit", "analyzer_contract", "guardian_models", "guardian_service"),
    "video": ("video_analyzer", "analyzer_kit", "analyzer_contract", "guardian_models", "guardian_service"),
    "context": ("context_analyzer", "analyzer_kit", "analyzer_contract", "guardian_models", "guardian_service"),
    "status-api": ("status_api", "analyzer_contract", "guardian_locales", "guardian_service"),
}


def import_everything(package: str, left_out: set[str]) -> None:
    """Import a package with all its modules, except those that need what the image leaves out."""
    module = importlib.import_module(package)
    for submodule in pkgutil.walk_packages(module.__path__, f"{package}."):
        try:
            importlib.import_module(submodule.name)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in left_out:
                raise


def check_aws() -> None:
    """Sign a URL (S3's model and endpoint rules), and make the clients that credentials come through."""
    import botocore.session

    os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "eu-central-1"}
    session: Any = botocore.session.get_session()
    url = session.create_client("s3").generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "a"})
    if "X-Amz-Signature=" not in url:
        raise SystemExit(f"botocore signed {url}")
    for service in ("sts", "sso", "sso-oidc"):
        session.create_client(service)
    session.create_client("s3").get_paginator("list_objects_v2")
    session.create_client("s3").get_waiter("object_exists")


def check_operator() -> None:
    """Make the clients of the API server and of Step Functions, and try a database that is not there."""
    import asyncio

    import botocore.session

    importlib.import_module("kubernetes.aio.client")
    botocore.session.get_session().create_client("stepfunctions")
    from analysis_records.errors import DatabaseUnavailable
    from analysis_records.migrate import migrate, steps
    from analysis_records.writer import Writer

    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    for attempt in (lambda: migrate(nowhere), lambda: asyncio.run(Writer(nowhere).live())):
        try:
            attempt()
        except DatabaseUnavailable:
            continue
        raise SystemExit("a database answered where there is none")
    if not steps():
        raise SystemExit("the migrations are missing")
    from guardian_locales import locales

    if not locales():
        raise SystemExit("the languages are missing")


def _tone(rate: int) -> Any:
    import av
    import numpy as np

    samples = (np.sin(np.arange(rate) * 2 * np.pi * 440 / rate) * 12000).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    return frame


def _pictures(count: int) -> Iterator[Any]:
    import av
    import numpy as np

    for number in range(count):
        picture = np.full((96, 128, 3), number * 10, dtype=np.uint8)
        yield av.VideoFrame.from_ndarray(picture, format="rgb24")


def _write(path: Path, codec: str) -> None:
    import av

    with av.open(str(path), "w") as container:
        if codec in {name for _, name in VIDEO_FORMATS}:
            stream: Any = container.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
            frames: Any = _pictures(10)
        else:
            stream = container.add_stream(codec, rate=48000)
            frames = [_tone(48000)]
        for frame in frames:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def check_media(formats: Sequence[tuple[str, str]] = (*AUDIO_FORMATS, *VIDEO_FORMATS)) -> None:
    """Write and read back what recordings come as."""
    import av

    with tempfile.TemporaryDirectory() as folder:
        for extension, codec in formats:
            path = Path(folder) / f"{codec}.{extension}"
            _write(path, codec)
            with av.open(str(path)) as container:
                decoded = sum(1 for _ in container.decode(container.streams[0]))
            if decoded == 0:
                raise SystemExit(f"{codec} in {extension}: nothing decoded")


def check_credentials() -> None:
    """Have the library of content credentials read something, then again in a child that can open nothing more."""
    library: Any = importlib.import_module("analyzer_kit.provenance.library")
    library.prepare()
    seccomp: Any = importlib.import_module("analyzer_kit.child.seccomp")
    sandbox: Any = importlib.import_module("analyzer_kit.child.sandbox")
    try:
        seccomp.require()
    except Exception as error:
        print(f"no seccomp here: {error}")  # noqa: T201
        return
    child = os.fork()
    if child == 0:
        sandbox.die_with(os.getppid())  # who may gain no rights may have a filter without being privileged
        seccomp.install()
        library.prepare()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("content credentials cannot be read in a confined child")


def check_arrays() -> None:
    """Run transforms and linear algebra of numpy, and draw a plot's picture by Pillow."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    values = np.random.default_rng(1).normal(size=(64, 64))
    spectrum = np.abs(np.fft.rfft2(values)).sum()
    rest = np.linalg.svd(values, compute_uv=False).min()
    if not np.isfinite(spectrum + rest):
        raise SystemExit("numpy gives no numbers")
    image = Image.new("RGB", (200, 40), "white")
    ImageDraw.Draw(image).text((5, 5), "evidence", fill="black", font=ImageFont.load_default(20))
    image.save(io.BytesIO(), "PNG")


def check_opencv() -> None:
    """Run optical flow, block transforms and the coding of pictures by OpenCV."""
    import cv2
    import numpy as np

    first = np.random.default_rng(1).integers(0, 255, (64, 64), dtype=np.uint8)
    flow = np.zeros((64, 64, 2), np.float32)
    cv2.calcOpticalFlowFarneback(first, np.roll(first, 1, 1), flow, 0.5, 2, 9, 2, 5, 1.1, 0)
    cv2.dct(first[:8, :8].astype(np.float32))
    cv2.imdecode(cv2.imencode(".png", cv2.resize(first, (32, 32)))[1], cv2.IMREAD_GRAYSCALE)


def check_models() -> None:
    """Run a model."""
    import base64

    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(base64.b64decode(TANH), providers=["CPUExecutionProvider"])
    if not np.allclose(session.run(None, {"x": np.ones(1, np.float32)}), np.tanh(1)):
        raise SystemExit("onnxruntime computes something else")


def check_context() -> None:
    """Sign requests for Transcribe and Bedrock, decode sound, hear where there is speech, find Whisper's runtime."""
    import botocore.session
    import ctranslate2
    import numpy as np

    from analyzer_kit.voice_activity import VoiceMeter

    session: Any = botocore.session.get_session()
    for service in ("transcribe", "bedrock-runtime"):
        session.create_client(service)
    check_media(AUDIO_FORMATS)
    meter = VoiceMeter()
    meter.add(np.zeros(16_000, np.float32))
    if meter.result().max() > HALF or "int8" not in ctranslate2.get_supported_compute_types("cpu"):
        raise SystemExit("speech is heard where nothing is said, or Whisper has no runtime")


def check_status_api() -> None:
    """Make the whole service, with its page, over a database; check a token's signature."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec

    from status_api.page import _files
    from status_api.service import make_service
    from status_api.settings import Settings

    settings: Any = {"oidc_issuer": "https://id.example", "oidc_audience": "a", "tenants": {"a": "b"}}
    make_service(Settings(database_url="postgresql://localhost/none", **settings)).openapi()
    if not {"index.html", "words.json"} <= {*_files()}:
        raise SystemExit("the page is missing")
    key = ec.generate_private_key(ec.SECP256R1())
    jwt.decode(jwt.encode({"a": 1}, key, algorithm="ES256"), key.public_key(), algorithms=["ES256"])


def check_tracing() -> None:
    """Make what sends spans: it is imported only where an endpoint is named."""
    from guardian_service.tracing import OtlpRecorder

    OtlpRecorder("smoke").close()


def main(target: str) -> None:
    """Check one target."""
    for package in PACKAGES[target]:
        import_everything(package, LEFT_OUT[target])
    check_aws()
    check_tracing()
    if target == "operator":
        check_operator()
    elif target == "context":
        check_context()
        check_arrays()
    elif target == "status-api":
        check_status_api()
    else:
        check_media()
        check_arrays()
        check_credentials()
    if target == "audio":
        check_models()
    if target == "video":
        check_opencv()
    print(f"{target}: everything that was trimmed is dispensable")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
