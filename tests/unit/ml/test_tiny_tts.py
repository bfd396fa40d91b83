import numpy as np
import pytest

from ml.voice.data import tiny_tts
from ml.voice.data.layers import Weights


def test_phonemes_become_symbols_with_a_blank_around_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny_tts, "_spelling", lambda: lambda text: "lˈATəɹ." if text == "later." else "")  # noqa: RUF001
    symbols, tones = tiny_tts._symbols("later.")
    assert symbols[::2] == [0] * 8
    assert symbols[1::2] == [0, 70, 44, 89, 43, 212, 0]
    assert tones[1::2] == [7, 7, 9, 7, 8, 7, 7]
    assert tones[::2] == [0] * 8


def test_attention_depends_on_the_distance_of_neighbours() -> None:
    size, length = 4, 6
    net: Weights = {f"a.conv_{part}.weight": np.zeros((size, size, 1), np.float32) for part in "qkv"}
    net |= {f"a.conv_{part}.bias": np.zeros(size, np.float32) for part in "qkv"}
    net["a.conv_o.weight"], net["a.conv_o.bias"] = (
        np.eye(size, dtype=np.float32)[:, :, None],
        np.zeros(size, np.float32),
    )
    net["a.emb_rel_k"] = np.zeros((1, 9, size // 2), np.float32)
    net["a.emb_rel_v"] = np.repeat(np.arange(9, dtype=np.float32)[None, :, None], size // 2, axis=2)
    output = tiny_tts._attention(np.zeros((size, length), np.float32), net, "a")
    expected = [sum(4 + j - i for j in range(length) if abs(j - i) <= 4) / length for i in range(length)]
    assert output[0] == pytest.approx(expected)
