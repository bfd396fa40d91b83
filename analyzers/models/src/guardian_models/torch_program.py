"""Reads the program in a PyTorch checkpoint (``data.pkl``) without running it.

A pickle is a program for a small stack machine that may call anything. This machine knows the few instructions that a
plain state dict needs, and calls nothing: where the program would call PyTorch, it notes what was asked for.
The instructions' meaning: the standard library's ``pickletools``.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from guardian_models.errors import WeightsRefused

_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
_REBUILD = ("torch._utils", "_rebuild_tensor_v2")
_DICT = ("collections", "OrderedDict")
_MAX_INSTRUCTIONS = 1_000_000


@dataclass(frozen=True)
class Storage:
    """A run of numbers in the archive.

    Attributes:
        key: name of its entry under ``data/``.
        dtype: numpy's name of the number type, little-endian.
        length: how many numbers.
    """

    key: str
    dtype: str
    length: int


@dataclass(frozen=True)
class TensorView:
    """A tensor: a view into a storage; offset and strides count numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _Global:
    module: str
    name: str


_MARK = object()


def tensors_of(program: bytes) -> dict[str, TensorView]:
    """Return the tensors that a program describes, by name.

    Args:
        program: the bytes of ``data.pkl``.

    Raises:
        WeightsRefused: it is damaged, asks for anything but tensors, or gives no state dict.
    """
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(program)):
            if count > _MAX_INSTRUCTIONS:
                raise WeightsRefused("the checkpoint's program is too long")
            machine.step(opcode.name, argument)
        result = machine.result
    except (ValueError, IndexError, KeyError, TypeError, RecursionError) as error:
        raise WeightsRefused(f"the checkpoint's program is damaged: {error}") from error
    if not isinstance(result, dict):
        raise WeightsRefused("the checkpoint holds no state dict")
    for name, value in result.items():
        if not isinstance(name, str) or not isinstance(value, TensorView):
            raise WeightsRefused("the checkpoint holds other things than named tensors")
    return result


class _Machine:
    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._steps: dict[str, Callable[[Any], None]] = {
            "MARK": lambda _: self._stack.append(_MARK),
            "GLOBAL": self._global,
            "REDUCE": lambda _: self._reduce(),
            "BUILD": lambda _: self._build(),
            "BINPERSID": lambda _: self._stack.append(_storage(self._stack.pop())),
            "TUPLE": lambda _: self._stack.append(tuple(self._since_mark())),
            "SETITEM": lambda _: self._set_items([self._stack.pop(-2), self._stack.pop()]),
            "SETITEMS": lambda _: self._set_items(self._since_mark()),
        }
        for name in ("BINUNICODE", "BININT", "BININT1", "BININT2"):
            self._steps[name] = self._stack.append
        for length, name in enumerate(("EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")):
            self._steps[name] = partial(self._tuple, length)
        self._steps["EMPTY_DICT"] = lambda _: self._stack.append({})
        self._steps["NEWFALSE"] = lambda _: self._stack.append(False)
        for name in ("BINPUT", "LONG_BINPUT"):
            self._steps[name] = lambda slot: self._memo.__setitem__(slot, self._stack[-1])
        for name in ("BINGET", "LONG_BINGET"):
            self._steps[name] = lambda slot: self._stack.append(self._memo[slot])
        for name in ("PROTO", "STOP"):
            self._steps[name] = lambda _: None

    @property
    def result(self) -> object:
        (value,) = self._stack
        return value

    def step(self, name: str, argument: object) -> None:
        if name not in self._steps:
            raise WeightsRefused(f"the checkpoint's program uses {name}, which no plain state dict needs")
        self._steps[name](argument)

    def _tuple(self, length: int, _: object) -> None:
        if len(self._stack) < length:
            raise ValueError("stack underflow")
        start = len(self._stack) - length
        self._stack[start:] = [tuple(self._stack[start:])]

    def _since_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self._stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        if (module, name) not in {_REBUILD, _DICT} and not (module == "torch" and name in _STORAGES):
            raise WeightsRefused(f"the checkpoint's program asks for {module}.{name}, which no weights need")
        self._stack.append(_Global(module, name))

    def _reduce(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        if function == _Global(*_DICT) and arguments == ():
            self._stack.append({})
        elif function == _Global(*_REBUILD):
            self._stack.append(_tensor(arguments))
        else:
            raise WeightsRefused("the checkpoint's program calls something else than a tensor's constructor")

    def _build(self) -> None:
        """Drop the attributes of the state dict (format versions of its modules)."""
        attributes, target = self._stack.pop(), self._stack[-1]
        if not isinstance(attributes, dict) or not isinstance(target, dict):
            raise WeightsRefused("the checkpoint's program changes an object that is no state dict")

    def _set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict):
            raise TypeError("an item is set in something that is no dict")
        target.update(zip(items[::2], items[1::2], strict=True))


def _storage(identity: object) -> Storage:
    match identity:
        case ("storage", _Global("torch", kind), str(key), str(), int(length)) if kind in _STORAGES and length >= 0:
            return Storage(key, _STORAGES[kind], length)
    raise WeightsRefused("the checkpoint refers to something that is no storage of numbers")


def _tensor(arguments: object) -> TensorView:
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), dict(), *_):
            numbers = (offset, *shape, *strides)
            if len(shape) == len(strides) and all(type(number) is int and number >= 0 for number in numbers):
                return TensorView(storage, offset, shape, strides)
    raise WeightsRefused("the checkpoint describes a tensor in a way that is not known")
