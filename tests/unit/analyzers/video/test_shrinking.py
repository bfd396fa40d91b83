"""Small gray frames are those that swscale makes, and what they are not made for is left to it."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from analyzer_kit.analysis import Caps
from analyzer_kit.media.gray import GrayFrame
from analyzer_kit.media.video import VideoReader
from tests.support.media.samples import ffmpeg
from tests.support.media.scene import Scene
from video_analyzer.motion import MotionMeter
from video_analyzer.reading import read_picture
from video_analyzer.shrinking import shrink

SOURCE = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=0.2")


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (1920, 1080), (718, 404), (720, 1280), (320, 180), (200, 400), (643, 361)]
)
def test_a_frame_is_shrunk_as_swscale_does_it(width: int, height: int) -> None:
    (scene,) = Scene(3).frames(range(1))
    luma = np.asarray(cv2.resize(cv2.GaussianBlur(scene, (0, 0), 1.5), (width, height)), dtype=np.uint8)
    frame = av.VideoFrame(width, height, "yuv420p")
    small_width = min(width, 320)
    small_height = round(height * small_width / width)
    plane = np.frombuffer(frame.planes[0], dtype=np.uint8).reshape(height, -1)
    plane[:, :width] = luma
    scaled = VideoReformatter().reformat(
        frame, width=small_width, height=small_height, format="gray", interpolation="AREA"
    )
    shrunk = shrink(luma, small_width, small_height)
    assert shrunk.shape == (small_height, small_width)
    difference = shrunk.astype(float) - scaled.to_ndarray()
    assert abs(difference.mean()) < 0.5
    assert np.abs(difference).mean() < 1


@pytest.mark.parametrize(
    ("arguments", "shrunk"),
    [
        (("-pix_fmt", "yuv420p"), True),
        (("-pix_fmt", "yuvj420p"), False),
        (("-pix_fmt", "yuv420p", "-color_range", "pc"), False),
        (("-pix_fmt", "yuv420p10le"), False),
        (("-pix_fmt", "yuv444p"), False),
    ],
)
def test_only_limited_luma_of_eight_bits_is_shrunk_by_the_analyzer(
    tmp_path: Path, arguments: tuple[str, ...], shrunk: bool
) -> None:
    recording = tmp_path / "recording.mp4"
    ffmpeg(*SOURCE, *arguments, "-c:v", "libx264", str(recording))
    shapes = []

    def marked(luma: GrayFrame, width: int, height: int) -> GrayFrame:
        shapes.append(luma.shape)
        return shrink(luma, width, height)

    frames = [frame for _, frame in VideoReader(recording, Caps(threads=1), marked).frames()]
    plain = [frame for _, frame in VideoReader(recording, Caps(threads=1)).frames()]
    assert shapes == [(360, 640)] * (5 if shrunk else 0)
    assert len(frames) == len(plain) == 5
    assert np.abs(np.array(frames).astype(float) - np.array(plain)).mean() < 1


@pytest.mark.parametrize("width", [210, 200, 318])
def test_a_narrow_picture_of_full_range_that_is_cut_is_analysed(width: int, tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    scenes = (f"{source}=size={width}x120:rate=25,trim=duration=1" for source in ("testsrc2", "mandelbrot"))
    source = "{}[a];{}[b];[a][b]concat".format(*scenes)
    ffmpeg("-filter_complex", source, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", str(clip))
    motion = read_picture(clip, Caps(threads=1), [MotionMeter], lambda _share: None).measured(MotionMeter)
    assert 25 in [jump.frame for jump in motion.jumps]
