"""What the network hears together, and when what it wrote was said."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from context_analyzer.speech.windows import GAP, Piece, pieces, second_of, sound_of, windows

RATE = 16_000
FRAME = 512


def test_silence_is_not_heard() -> None:
    assert windows(pieces([], np.zeros(0, np.float16), 0)) == []


def test_close_stretches_are_one_piece_and_far_ones_are_two() -> None:
    speech = np.zeros(1000, np.float16)
    joined = pieces([(10, 40), (45, 60), (200, 230)], speech, 1000 * FRAME)
    assert [round(piece.start / FRAME) for piece in joined] == [4, 194]
    assert [round(piece.end / FRAME) for piece in joined] == [66, 236]


def test_talk_without_a_pause_is_cut_where_speech_is_least_probable() -> None:
    speech = np.ones(2000, np.float16)
    speech[700] = 0.4
    parts = pieces([(0, 2000)], speech, 2000 * FRAME)
    assert parts[0] == Piece(0, 700 * FRAME)
    assert max(part.end - part.start for part in parts) <= 28 * RATE
    assert parts[-1].end == 2000 * FRAME


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(8, 1200)), max_size=12))
def test_every_stretch_is_heard_once_in_windows_of_thirty_seconds(gaps_and_lengths: list[tuple[int, int]]) -> None:
    stretches, clock = [], 0
    for gap, length in gaps_and_lengths:
        stretches.append((clock + gap, clock + gap + length))
        clock += gap + length
    parts = pieces(stretches, np.zeros(clock + 1, np.float16), (clock + 1) * FRAME)
    for window in windows(parts):
        assert sum(piece.end - piece.start for piece in window) + GAP * (len(window) - 1) <= 28 * RATE
    assert [piece for window in windows(parts) for piece in window] == parts
    heard = np.zeros((clock + 1) * FRAME, bool)
    for part in parts:
        assert not heard[part.start : part.end].any()
        heard[part.start : part.end] = True
    assert all(heard[start * FRAME : end * FRAME].all() for start, end in stretches)


def test_a_second_of_a_window_is_one_of_the_recording() -> None:
    window = (Piece(10 * RATE, 12 * RATE), Piece(60 * RATE, 61 * RATE))
    samples = np.zeros(70 * RATE, np.int16)
    assert sound_of(window, samples).size == 3 * RATE + GAP
    assert second_of(window, 0.5) == 10.5
    assert second_of(window, 2.2) == 12.0  # between the two
    assert second_of(window, 2.75) == 60.25
    assert second_of(window, 99.0) == 61.0
