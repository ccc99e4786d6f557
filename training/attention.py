"""Packed rows through torch's own flash attention, on the torch versions where Unsloth doesn't yet look for it.

From torch 2.12 on Unsloth sends packed rows to ``torch.nn.attention.varlen``, whose new argument ``enable_gqa`` it waits
for. The kernel below it takes fewer key heads than query heads in torch 2.10 and 2.11 too; without it each row of a
pack is a launch of its own in every layer.
"""

from __future__ import annotations

from typing import Any


def flash_for_packed_rows() -> bool:
    """Let Unsloth use the kernel where torch has it; returns whether packed rows go through it. Needs unsloth loaded."""
    import torch

    if not torch.cuda.is_available():
        return False  # on a CPU Unsloth has another path, without this module
    from unsloth.utils import attention_dispatch as dispatch

    if getattr(dispatch, "_TORCH_VARLEN_ATTN", False) is not None:
        return bool(getattr(dispatch, "_TORCH_VARLEN_ATTN", False))
    lean = getattr(dispatch, "_LeanFlashVarlen", None)
    major, minor = (int(part) for part in torch.__version__.split(".")[:2])
    if lean is None or (major, minor) < (2, 10):
        return False

    def varlen(
        query: Any, key: Any, value: Any, starts: Any, _ends: Any, longest: int, *_: Any, **options: Any
    ) -> Any:
        left, right = options["window_size"]
        causal = (left, right) == (-1, 0)
        return lean.apply(query, key, value, starts, longest, causal, options.get("scale"), left, right)

    dispatch._TORCH_VARLEN_ATTN = varlen
    return True
