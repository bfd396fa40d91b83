"""Compares video decoders: ``python -m tests.benchmarks.decoders [--rounds 3]`` prints the table of decision 0005.

Every decoder has the same job, the analyzer's: each frame as gray, at most 320 wide, in this process's memory, with one
thread. What counts is CPU time, of this process and of those it starts. The decoders take turns, so that a machine
that is busy with something else is equally busy for all of them.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import av
import cv2

from analyzer_kit.analysis import Caps
from analyzer_kit.media.gray import WIDEST
from analyzer_kit.media.video import VideoReader
from tests.support.media.samples import ffmpeg
from video_analyzer.shrinking import shrink

_SOURCE = "testsrc2=size={size}:rate=25:duration={seconds},noise=alls=6:allf=t"
_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23")
_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=0")
_VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "4M")
CLIPS = {
    "720p25 H.264, 30 s": ("1280x720", 30, "mp4", _H264),
    "1080p H.264, 10 s": ("1920x1080", 10, "mp4", _H264),
    "1080p HEVC, 10 s": ("1920x1080", 10, "mp4", _HEVC),
    "1080p VP9, 10 s": ("1920x1080", 10, "webm", _VP9),
}
"""Name → size, seconds, container, encoder."""


def opencv(clip: Path) -> int:
    """Read with OpenCV, which returns colour at full size."""
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    frames = 0
    while True:
        good, frame = capture.read()
        if not good:
            return frames
        height = round(frame.shape[0] * WIDEST / frame.shape[1])
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (WIDEST, height), interpolation=cv2.INTER_AREA)
        frames += 1


def halved(clip: Path) -> int:
    """Read with the analyzer's own reader, as the analyzer uses it."""
    return sum(1 for _ in VideoReader(clip, Caps(threads=1), shrink).frames())


def swscaled(clip: Path) -> int:
    """Read with the analyzer's reader, as it reads the less usual formats."""
    return sum(1 for _ in VideoReader(clip, Caps(threads=1)).frames())


def pipe(clip: Path) -> int:
    """Read from the command line, which scales and writes gray frames to a pipe."""
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-filter_threads", "1", "-i", str(clip), "-an"]
    command += ["-vf", f"scale={WIDEST}:-1:flags=area,format=gray", "-f", "rawvideo", "-"]
    size = WIDEST * round(WIDEST * 9 / 16)
    frames = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=size) as process:
        while process.stdout is not None and len(process.stdout.read(size)) == size:
            frames += 1
    return frames


def decode_only(clip: Path) -> int:
    """Decode with PyAV without any scaling: what no reader can go below."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return sum(1 for _ in container.decode(stream))


DECODERS: dict[str, Callable[[Path], int]] = {
    "OpenCV VideoCapture": opencv,
    "PyAV, luma halved by OpenCV": halved,
    "PyAV, gray and scaled by swscale": swscaled,
    "ffmpeg pipe, gray and scaled": pipe,
    "decoding alone (PyAV)": decode_only,
}


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _one(decoder: str, clip: Path) -> None:
    cv2.setNumThreads(1)
    before = cpu_seconds()
    frames = DECODERS[decoder](clip)
    print(json.dumps({"frames": frames, "seconds": cpu_seconds() - before}))


def _measure(decoder: str, clip: Path, expected: int) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.decoders", "--one", decoder, str(clip)]
    output = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    if output["frames"] != expected:
        raise SystemExit(f"{decoder} gave {output['frames']} frames of {expected}: nothing to compare")
    return float(output["seconds"])


def compare(rounds: int) -> str:
    """Make the clips, let the decoders take turns, and return a Markdown table of medians."""
    lines = ["| CPU-s | " + " | ".join(CLIPS) + " |", "|---" * (len(CLIPS) + 1) + "|"]
    medians: dict[str, list[str]] = {name: [] for name in DECODERS}
    with tempfile.TemporaryDirectory() as folder:
        for index, (size, seconds, container, encoder) in enumerate(CLIPS.values()):
            clip = Path(folder) / f"{index}.{container}"
            source = _SOURCE.format(size=size, seconds=seconds)
            ffmpeg("-f", "lavfi", "-i", source, *encoder, "-pix_fmt", "yuv420p", str(clip))
            turns = [{name: _measure(name, clip, 25 * seconds) for name in DECODERS} for _ in range(rounds)]
            for name, cells in medians.items():
                cells.append(f"{statistics.median(turn[name] for turn in turns):.2f}")
            clip.unlink()
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in medians.items()]
    return "\n".join(lines)


def main() -> None:
    """Print the table, or (for its own use) what one decoder takes for one clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("DECODER", "CLIP"))
    chosen = parser.parse_args()
    if chosen.one:
        _one(chosen.one[0], Path(chosen.one[1]))
    else:
        print(compare(chosen.rounds))


if __name__ == "__main__":
    main()
