"""Weights files are hostile until checked: nothing in one is ever run, and nothing in one makes it large."""

from __future__ import annotations

import contextlib
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian_models.errors import WeightsRefused
from guardian_models.torch_program import tensors_of
from guardian_models.weights import read_arrays, read_bytes

NUMBERS = np.arange(6, dtype="<f4")


def words(*parts: str) -> bytes:
    return b"".join(b"X" + len(part).to_bytes(4, "little") + part.encode() for part in parts)


def program(
    *, module: str = "torch._utils", shape: bytes = b"K\x02K\x03\x86", strides: bytes = b"K\x03K\x01\x86"
) -> bytes:
    """A state dict ``{"w": tensor}`` as PyTorch writes it, the tensor a view of storage "0"."""
    storage = b"((" + words("storage") + b"ctorch\nFloatStorage\n" + words("0", "cpu") + b"K\x06tQ"
    tensor = storage + b"K\x00" + shape + strides + b"\x89ccollections\nOrderedDict\n)Rt"
    return b"\x80\x02}" + words("w") + b"c" + module.encode() + b"\n_rebuild_tensor_v2\n" + tensor + b"Rs."


def checkpoint(code: bytes, storage: bytes = NUMBERS.tobytes()) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", code)
        archive.writestr("archive/data/0", storage)
    return file.getvalue()


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def test_a_checkpoint_and_an_npz_give_the_same_arrays() -> None:
    from_checkpoint, from_npz = read_arrays(checkpoint(program())), read_arrays(npz(w=NUMBERS.reshape(2, 3)))
    assert from_checkpoint.keys() == from_npz.keys() == {"w"}
    np.testing.assert_array_equal(from_checkpoint["w"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(from_npz["w"], from_checkpoint["w"])


def test_a_program_that_would_run_a_command_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(WeightsRefused):
            read_arrays(checkpoint(pickle.dumps({"w": Harm()}, protocol)))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (program(module="os"), "asks for os._rebuild_tensor_v2"),
        (b"\x80\x02ctorch\nload\n.", "asks for torch.load"),
        (program(shape=b"K\x02K\x04\x86"), "does not fit"),
        (program(shape=b"J\xff\xff\xff\xffK\x03\x86"), "not known"),
        (program(strides=b"K\x01K\x02\x86"), "does not fit"),
        (program(shape=b"K\x03\x85"), "not known"),
        (program()[:-20], "damaged"),
        (b"\x80\x02]q\x00h\x00a.", "no plain state dict needs"),
        (b"\x80\x02" + b"0" * 10 + b".", "no plain state dict needs"),
        (b"\x80\x02}" + words("w") + b"K\x01s.", "other things"),
        (b"\x80\x02K\x01.", "no state dict"),
        (b"", "damaged"),
    ],
)
def test_a_program_that_is_no_plain_state_dict_is_refused(code: bytes, told: str) -> None:
    with pytest.raises(WeightsRefused, match=told):
        read_arrays(checkpoint(code))


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")  # pickletools, of a damaged text
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 40))
def test_a_damaged_program_gives_tensors_or_is_refused(noise: bytes, at: int, cut: int) -> None:
    code = program()
    at = min(at, len(code))
    with contextlib.suppress(WeightsRefused):
        tensors_of(code[:at] + noise + code[at + cut :])


@given(st.integers(0, 2000), st.integers(0, 255))
def test_a_damaged_archive_gives_arrays_or_is_refused(at: int, value: int) -> None:
    for content in (checkpoint(program()), npz(w=NUMBERS)):
        damaged = bytearray(content)
        damaged[at % len(damaged)] = value
        with contextlib.suppress(WeightsRefused):
            read_arrays(bytes(damaged))


def test_an_archive_that_unpacks_to_much_is_refused() -> None:
    bomb = npz(w=np.zeros(20_000_000, np.float32))
    assert len(bomb) < 200_000
    with pytest.raises(WeightsRefused, match="too large when unpacked"):
        read_arrays(bomb)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (npz(w=np.array([{}], object)), "damaged"),
        (npz(w=np.zeros(3, np.complex128)), "complex128"),
        (b"not an archive", "damaged archive"),
        (checkpoint(program(), storage=b"\0" * 20), "does not fit"),
    ],
)
def test_other_content_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(WeightsRefused, match=told):
        read_arrays(content)


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(bytes(2 * 1024**2))
    with pytest.raises(WeightsRefused, match="larger than 1 MiB"):
        read_bytes(path, limit=1024**2)
    with pytest.raises(WeightsRefused, match="cannot be read"):
        read_bytes(tmp_path)
