"""Genuine recordings that are drawn here: rhythmic movement, machines, still lives, screens, slides and drawn films."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Picture = NDArray[np.float32]

_FRAMES = 220
_LETTERS = "abcdefghijklmnopqrstuvwxyz     "
_HEIGHT, _WIDTH = 216, 384


def noisy(frames: NDArray[np.floating], rng: np.random.Generator) -> Luma:
    """Return ``frames`` with a camera's noise, other in each frame."""
    strength = rng.uniform(0.5, 3.0)
    made = np.empty(frames.shape, dtype=np.uint8)
    for index, frame in enumerate(frames):
        made[index] = np.clip(frame + strength * rng.standard_normal(frame.shape, dtype=np.float32), 0, 255)
    return made


def happens(rng: np.random.Generator, chance: float) -> bool:
    """Return True with this chance, 0 to 1."""
    return bool(rng.random() < chance)


def _one(rng: np.random.Generator, numbers: Sequence[float]) -> float:
    return numbers[int(rng.integers(len(numbers)))]


def _shaken(picture: Picture, x: float, y: float, angle: float = 0.0) -> Picture:
    height, width = picture.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turn[:, 2] += np.array([x, y])
    moved = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.float32)


def _shake(rng: np.random.Generator, strength: float) -> NDArray[np.float64]:
    """Return how a hand moves a camera: breath, tremor, and a slow walk away; frames x (across, down), pixels."""
    t = np.arange(_FRAMES)[:, None] / 30
    breath = np.sin(2 * np.pi * (rng.uniform(0.2, 0.35) * t + rng.random(2)))
    tremor = cv2.GaussianBlur(rng.normal(0, 1, (_FRAMES, 2)), (1, 0), sigmaX=0.01, sigmaY=2.0)
    walk = np.cumsum(cv2.GaussianBlur(rng.normal(0, 0.1, (_FRAMES, 2)), (1, 0), sigmaX=0.01, sigmaY=5.0), axis=0)
    return np.asarray(strength * (breath + tremor + walk))


def _phases(rng: np.random.Generator, period: float, unevenness: float) -> NDArray[np.float64]:
    """Return how many cycles are over in each frame; no cycle is quite as long as another."""
    lengths = period * (1 + unevenness * rng.standard_normal(int(_FRAMES / period) + 4)).clip(0.5, 2)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return np.interp(np.arange(_FRAMES), ends, np.arange(len(ends)))


def rhythm(rng: np.random.Generator, clip: Luma) -> Luma:
    """Something swings from side to side before a still scene, as people do it: no two times are quite alike."""
    scene = clip[0].astype(np.float32)
    thing = 0.7 * clip[-1].astype(np.float32) + rng.choice([-30, 20, 70])
    cycles = _phases(rng, rng.uniform(9, 45), rng.uniform(0.002, 0.05))
    each = 1 + rng.uniform(0.005, 0.08) * rng.standard_normal(int(cycles[-1]) + 2)
    reach = np.interp(cycles, np.arange(len(each)), each)
    height, width = scene.shape
    far, size = rng.uniform(10, 0.25 * width), int(rng.uniform(0.12, 0.35) * height)
    hand = _shake(rng, _one(rng, [0.0, 0.0, 0.3, 1.0]))
    held = int(rng.choice([1, 1, 1, 2, 5]))
    shape = _blob(size)
    move = _MOVES[int(rng.integers(len(_MOVES)))]
    top, left = rng.uniform(0, height - size), rng.uniform(far, width - far - size)
    frames = np.empty((_FRAMES, height, width), dtype=np.float32)
    for index in range(_FRAMES):
        swing = reach[index] * move(cycles[index] % 1)
        lift = 0.3 * reach[index] * np.cos(2 * np.pi * cycles[index])
        frame = _pasted(scene, thing, shape, left + far * swing, top + 0.5 * far * lift)
        frames[index] = _shaken(frame, *hand[index])
    seen = np.arange(_FRAMES) // held * held
    return np.asarray(noisy(frames, rng)[seen], dtype=np.uint8)


_MOVES: tuple[Callable[[float], float], ...] = (
    lambda turn: float(np.sin(2 * np.pi * turn)),  # a pendulum
    lambda turn: float(np.interp(turn, [0, 0.85, 1], [-1, 1, -1])),  # a stroke, and quickly back
    lambda turn: 2 * abs(float(np.sin(np.pi * turn))) - 1,  # what hits and bounces
)


def _blob(size: int) -> Picture:
    across = np.linspace(-1, 1, size)
    distance = np.hypot(across[:, None], across[None, :])
    return np.asarray(np.clip(4 * (1 - distance), 0, 1), dtype=np.float32)


def _pasted(scene: Picture, thing: Picture, shape: Picture, left: float, top: float) -> Picture:
    """Return ``scene`` with the middle of ``thing`` at fractional coordinates."""
    height, width = scene.shape
    size = shape.shape[0]
    y, x = (height - size) // 2, (width - size) // 2
    move = np.array([[1, 0, left], [0, 1, top]], dtype=np.float64)
    mask = cv2.warpAffine(shape, move, (width, height))
    patch = cv2.warpAffine(thing[y : y + size, x : x + size], move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(scene + mask * (patch - scene), dtype=np.float32)


def machine(rng: np.random.Generator, clip: Luma) -> Luma:
    """A wheel turns evenly before a still scene; its period is no whole number of frames, but can be near one."""
    scene, thing = clip[0].astype(np.float32), clip[-1].astype(np.float32)
    height, width = scene.shape
    size = int(rng.uniform(0.3, 0.7) * height)
    period = rng.uniform(8, 60)
    drift = rng.uniform(0, 0.01)
    y, x = (height - size) // 2, (width - size) // 2
    wheel, shape = thing[y : y + size, x : x + size], _blob(size)
    left, top = rng.uniform(0, width - size), rng.uniform(0, height - size)
    hand = _shake(rng, _one(rng, [0.0, 0.0, 0.5]))
    frames = np.empty((_FRAMES, height, width), dtype=np.float32)
    for index in range(_FRAMES):
        turned = _shaken(wheel, 0, 0, 360 * (index / period + drift * np.sin(index / 37)))
        whole = np.zeros_like(scene)
        whole[y : y + size, x : x + size] = turned
        frames[index] = _shaken(_pasted(scene, whole, shape, left, top), *hand[index])
    return noisy(frames, rng)


def still_life(rng: np.random.Generator, clip: Luma) -> Luma:
    """A scene in which nothing moves, from a hand or a tripod."""
    scene = clip[len(clip) // 2].astype(np.float32)
    hand = _shake(rng, _one(rng, [0.05, 0.2, 0.6, 1.5]))
    light = 1 + rng.uniform(0, 0.02) * np.sin(np.arange(_FRAMES) / rng.uniform(5, 60))
    return noisy(np.stack([light[index] * _shaken(scene, *hand[index]) for index in range(_FRAMES)]), rng)


def screen(rng: np.random.Generator, clip: Luma) -> Luma:
    """A page with text: a caret blinks, a wheel turns, a pointer moves, letters appear, the page scrolls or changes."""
    pages = [_page(rng, clip) for _ in range(3)]
    page, offset = pages[0], 0
    x, y = _WIDTH / 2, _HEIGHT / 2
    does = rng.choice(["waits", "types", "scrolls", "switches"], 8)
    spins, blink = happens(rng, 0.6), int(rng.integers(12, 20))
    frames = np.empty((_FRAMES, _HEIGHT, _WIDTH), dtype=np.uint8)
    for index in range(_FRAMES):
        doing = does[index * len(does) // _FRAMES]
        if doing == "scrolls":
            offset = min(offset + int(rng.integers(0, 9)), page.shape[0] - _HEIGHT)
        elif doing == "switches" and index % 40 == 0:
            page, offset = pages[int(rng.integers(3))], 0
        elif doing == "types" and index % 3 == 0:
            cv2.putText(page, chr(97 + int(rng.integers(26))), (10 + index % 300, offset + 190), 0, 0.4, 20, 1)
        frame = page[offset : offset + _HEIGHT].copy()
        if doing != "waits":
            x, y = x + rng.normal(0, 3), y + rng.normal(0, 3)
            cv2.circle(frame, (int(x) % _WIDTH, int(y) % _HEIGHT), 3, 0, -1)
        if index // blink % 2:
            cv2.line(frame, (60, 184), (60, 196), 0, 1)
        if spins:
            cv2.ellipse(frame, (330, 40), (14, 14), 0, index * 12, index * 12 + 250, 90, 3)
        frames[index] = frame
    return frames


def _page(rng: np.random.Generator, clip: Luma) -> Luma:
    paper, ink = [(235, 30), (250, 30), (40, 220)][int(rng.integers(3))]
    page = np.full((3 * _HEIGHT, _WIDTH), paper, dtype=np.uint8)
    for line in range(12, page.shape[0] - 10, 13):
        words = "".join(_LETTERS[int(letter)] for letter in rng.integers(0, len(_LETTERS), 40))
        cv2.putText(page, words[: int(rng.integers(8, 40))], (8, line), cv2.FONT_HERSHEY_SIMPLEX, 0.35, ink, 1)
    photo = cv2.resize(clip[0], (120, 68), interpolation=cv2.INTER_AREA)
    for top in rng.integers(0, page.shape[0] - 70, 3):
        page[top : top + 68, 250:370] = photo
    return page


def slides(rng: np.random.Generator, clip: Luma) -> Luma:
    """Cards and pictures that stand still, follow each other by cuts or dissolves, or are slowly zoomed into."""
    frames: list[Picture] = []
    while len(frames) < _FRAMES:
        picture = cv2.resize(clip[int(rng.integers(len(clip)))], (_WIDTH, _HEIGHT)).astype(np.float32)
        if happens(rng, 0.5):
            card = np.full((_HEIGHT, _WIDTH), int(rng.integers(0, 200)), dtype=np.uint8)
            cv2.putText(card, f"Chapter {rng.integers(99)}", (80, 110), cv2.FONT_HERSHEY_DUPLEX, 1.2, 255, 2)
            picture = card.astype(np.float32)
        zoom = _one(rng, [0.0, 0.0, 0.001])
        shown = int(rng.integers(20, 70))
        grown = [_shaken(cv2.resize(picture, None, fx=1 + zoom * n, fy=1 + zoom * n)[:_HEIGHT, :_WIDTH], 0, 0)
                 for n in range(shown)]  # fmt: skip
        over = int(rng.choice([0, 0, 8, 15]))
        if frames and over:
            last = frames[-1]
            frames += [last + (grown[0] - last) * np.float32((step + 1) / (over + 1)) for step in range(over)]
        frames += grown
    return np.clip(np.stack(frames[:_FRAMES]), 0, 255).astype(np.uint8)


def cartoon(rng: np.random.Generator, clip: Luma) -> Luma:
    """Few drawings, each held for two or three frames: a figure walks in a cycle, mouth and eyes change, things pan."""
    tones = rng.permutation(np.linspace(40, 240, 8)).astype(np.uint8)
    levels = cv2.resize(cv2.GaussianBlur(clip[0], (0, 0), 6), (2 * _WIDTH, _HEIGHT))
    backdrop = tones[levels // 32]
    held, cycle, pans = int(rng.integers(2, 4)), int(rng.integers(4, 9)), happens(rng, 0.4)
    frames = []
    for index in range(_FRAMES):
        drawing = index // held
        shift = drawing % _WIDTH if pans else 0
        frame = np.ascontiguousarray(backdrop[:, shift : shift + _WIDTH])
        step = 2 * np.pi * (drawing % cycle) / cycle
        hips = (190, 110 + int(3 * np.sin(2 * step)))
        cv2.circle(frame, (hips[0], hips[1] - 55), 22, int(tones[1]), -1)
        for side in (0.0, np.pi):
            foot = (hips[0] + int(30 * np.sin(step + side)), 180 - int(12 * max(np.cos(step + side), 0)))
            cv2.line(frame, hips, foot, int(tones[2]), 9)
        cv2.line(frame, hips, (hips[0], hips[1] - 40), int(tones[3]), 16)
        if drawing % 23 in {0, 1}:
            cv2.line(frame, (180, 54), (200, 54), 0, 2)
        frames.append(frame)
    return np.stack(frames)
