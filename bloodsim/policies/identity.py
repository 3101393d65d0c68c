"""What a policy is, in a text that is the same in every process: its class, state and source."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

_DEEPEST = 6


def identity(policy: object) -> str:
    """Return a text that two policies share only if they decide alike.

    Parameters
    ----------
    policy : Policy
        Its class, the values of its attributes and, outside bloodsim, its source count; where it
        lies in memory does not.

    Raises
    ------
    TypeError
        An attribute that can only be told by its place in memory.
    """
    return f"{_state(policy, 0)}{_source(policy)}"


def _state(value: Any, depth: int) -> str:
    if depth > _DEEPEST:
        raise TypeError(f"attributes nested more than {_DEEPEST} deep")
    if value is None or isinstance(value, str | int | float | complex | bytes | np.generic):
        return repr(value)
    if isinstance(value, np.ndarray):
        digest = sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array({value.dtype}, {value.shape}, {digest})"
    if isinstance(value, Mapping):
        items = sorted((_state(k, depth + 1), _state(v, depth + 1)) for k, v in value.items())
        return "{" + ", ".join(f"{k}: {v}" for k, v in items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_state(item, depth + 1) for item in value) + "]"
    if isinstance(value, set | frozenset):
        return "set(" + ", ".join(sorted(_state(item, depth + 1) for item in value)) + ")"
    if inspect.isclass(value) or inspect.isroutine(value):
        attributes = {k: v for k, v in getattr(value, "__dict__", {}).items() if k[:1] != "_"}
        told = "" if inspect.isclass(value) else _state(attributes, depth + 1)
        return f"{value.__module__}.{value.__qualname__}{told}"
    return f"{type(value).__module__}.{type(value).__qualname__}({_attributes(value, depth)})"


def _attributes(value: Any, depth: int) -> str:
    if dataclasses.is_dataclass(value):
        state = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    elif hasattr(value, "__dict__"):
        state = vars(value)
    else:
        text = repr(value)
        if " at 0x" in text:
            raise TypeError(f"{type(value).__name__} has no stable representation")
        return text
    return ", ".join(f"{name}={_state(inner, depth + 1)}" for name, inner in sorted(state.items()))


def _source(policy: object) -> str:
    """Return a digest of the source; "" within bloodsim, whose source counts as a whole."""
    maker = policy if inspect.isroutine(policy) else type(policy)
    name = getattr(maker, "__module__", "") or ""
    if name.split(".")[0] == "bloodsim":
        return ""
    file = getattr(sys.modules.get(name), "__file__", None)
    try:
        text = Path(file).read_bytes() if file else inspect.getsource(maker).encode()
    except (OSError, TypeError):  # typed in at a prompt
        call = getattr(policy, "__call__", policy)  # noqa: B004
        code = getattr(getattr(call, "__func__", call), "__code__", None)
        text = code.co_code + repr(code.co_consts).encode() if code else b""
    return f"#{sha256(text).hexdigest()[:16]}"
