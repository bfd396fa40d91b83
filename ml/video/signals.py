"""Signals that were measured and are not shipped: whether they show a stretch with another encoding history."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.video.clips import CLIPS, Frames, load
from ml.video.edits import encode

_PATCHED = 48
_SPACING = 8
_EVERY = 7
_BLOCK = 8


def signals(seed: int) -> str:
    """Return the part of the card about grid, noise, DCT and warp residual of a stretch that was encoded twice.

    A stretch in the middle is encoded at low quality before the whole is encoded. Each signal gets its AUC: the share
    of pairs of a patched and an untouched clip that it puts in the right order.
    """
    rows: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in _SIGNALS}
    for number, clip in enumerate(CLIPS):
        frames, rate = load(clip)
        if len(frames) < 3 * _PATCHED // 2 + 2 * _SPACING:
            continue
        start = (len(frames) - _PATCHED) // 2
        first = _decoded(encode(frames[start : start + _PATCHED], rate, "H.264 crf 32", f"{seed} {number} patch"))
        patched = frames.copy()
        patched[start : start + len(first), :, :] = first[: len(frames) - start]
        for which, variant in enumerate((patched, frames)):
            path = encode(variant, rate, "H.264 crf 23", f"{seed} {number} patched {which}")
            luma = _decoded(path)[:: _SPACING // 2, : frames.shape[1] * 2 // 3]
            for name, measure in _SIGNALS.items():
                rows[name][which].append(_unevenness(measure(luma)))
    lines = ["| signal | AUC | clips |", "|---|---|---|"]
    for name, (edited, untouched) in rows.items():
        a, b = np.array(edited)[:, None], np.array(untouched)[None, :]
        lines.append(f"| {name} | {float((a > b).mean() + (a == b).mean() / 2):.2f} | {len(edited)} |")
    return (
        "## Measured and not shipped\n\nA stretch of 48 frames was encoded at crf 32 first, then the whole at crf 23, "
        "against the same clip encoded once. Near 0.5 is chance; none of these counts in a verdict.\n\n"
        + "\n".join(lines)
    )


def _decoded(path: object) -> Frames:
    import av

    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)])


def _grid(luma: NDArray[np.uint8]) -> list[float]:
    """Return, for each frame, steps across the borders of 8 x 8 blocks over steps elsewhere."""
    steps = np.abs(np.diff(luma.astype(np.int16), axis=2))
    columns = np.arange(steps.shape[2]) % _BLOCK == _BLOCK - 1
    return [float(frame[:, columns].mean() / max(frame[:, ~columns].mean(), 0.1)) for frame in steps]


def _noise(luma: NDArray[np.uint8]) -> list[float]:
    """Return the standard deviation of noise by Immerkær's mask (Computer Vision and Image Understanding 64, 1996)."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    factor = np.sqrt(np.pi / 2) / 6
    return [float(factor * np.abs(cv2.filter2D(frame, cv2.CV_32F, mask)).mean()) for frame in luma]


def _high_band(luma: NDArray[np.uint8]) -> list[float]:
    """Return the share of upper 8 x 8 DCT coefficients that quantisation set to zero, in every seventh block."""
    values = []
    for frame in luma:
        height, width = (side // 8 * 8 for side in frame.shape)
        blocks = frame[:height, :width].astype(np.float32).reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
        spectrum = [cv2.dct(block) for block in blocks.reshape(-1, 8, 8)[::_EVERY]]
        values.append(float((np.abs(np.array(spectrum)[:, 4:, 4:]) < 1).mean()))
    return values


def _warp(luma: NDArray[np.uint8]) -> list[float]:
    """Return the difference between frames that remains after motion compensation (DIS flow)."""
    small = [cv2.resize(frame, (160, 90), interpolation=cv2.INTER_AREA) for frame in luma]
    engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    x, y = np.meshgrid(np.arange(160, dtype=np.float32), np.arange(90, dtype=np.float32))
    values = [0.0]
    for before, after in pairwise(small):
        flow = np.asarray(engine.calc(before, after, None), dtype=np.float32)  # type: ignore[call-overload]
        warped = cv2.remap(after, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        values.append(float(cv2.absdiff(before, warped).mean()))
    return values


_SIGNALS = {
    "8 x 8 grid": _grid,
    "noise level": _noise,
    "DCT, empty upper band": _high_band,
    "flow-warp residual": _warp,
}


def _unevenness(values: list[float]) -> float:
    """Return the difference of the middle third from the outer ones, over the spread within the outer ones."""
    series = np.array(values)
    third = len(series) // 3
    inner, outer = series[third:-third], np.concatenate([series[:third], series[-third:]])
    return float(abs(np.median(inner) - np.median(outer)) / (np.std(outer) + 1e-3))
