import numpy as np
import pytest

from ml.voice.data import layers, mellotron
from ml.voice.data.texts import SENTENCES, WORDS


@pytest.mark.parametrize(
    ("syllable", "spelled"),
    [
        ("ni", ("n", "i")),
        ("zhi", ("zh", "ix")),
        ("si", ("s", "iy")),
        ("ri", ("r", "iz")),
        ("xuan", ("x", "van")),
        ("yuan", ("vv", "van")),
        ("you", ("ii", "iu")),
        ("yong", ("ii", "iong")),
        ("wei", ("uu", "ui")),
        ("er", ("ee", "er")),
    ],
)
def test_a_syllable_is_spelled_as_in_the_training_of_the_network(syllable: str, spelled: tuple[str, str]) -> None:
    assert mellotron._spelled(syllable) == spelled


def test_every_chinese_text_can_be_spelled() -> None:
    for text in (*SENTENCES["zh"], *WORDS["zh"]):
        assert len(mellotron._symbols(text)) > 4 * len(text.split())


def test_a_transposed_convolution_is_that_of_its_definition() -> None:
    random = np.random.default_rng(1)
    x, weight = random.random((3, 5), np.float32), random.random((3, 2, 4), np.float32)
    full = np.zeros((2, 4 * 2 + 4))
    for position in range(5):
        full[:, 2 * position : 2 * position + 4] += np.einsum("i,iok->ok", x[:, position], weight)
    output = layers.transposed_conv(x, {"up.weight": weight, "up.bias": np.zeros(2, np.float32)}, "up", 2)
    assert output == pytest.approx(full[:, 1:-1], rel=1e-5)
