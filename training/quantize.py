"""Q4_K_M out of an F16 GGUF file, by llama.cpp's own kernels in the package xllamacpp, where ``llama-quantize`` isn't there.

Which tensor gets how many bits is what llama.cpp's ``llama_tensor_get_type`` (MIT) does for Q4_K_M: the head, and the value
and down projections of about half of the layers, get Q6_K, everything else Q4_K; rows that 256 doesn't divide get Q5_0 and Q8_0.
One thing is ours: a model whose width 256 doesn't divide, which only small ones are, gets Q8_0 for the keys, values and
outputs of attention and Q6_K for the down projection, in every layer. It adds a tenth to the file, and without it such
a model loses too much (docs/training.md has the figures).
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def kernels() -> Path | None:
    """The library that holds llama.cpp's kernels, found without importing it; None where xllamacpp isn't installed."""
    spec = importlib.util.find_spec("xllamacpp")
    if spec is None or spec.origin is None:
        return None
    return next(iter(Path(spec.origin).parent.glob("xllamacpp*.so")), None)


def quantize(source: Path, target: Path, importance: Mapping[str, np.ndarray] | None = None) -> None:
    """Write ``target``, the same model as the F16 or F32 file ``source``, in Q4_K_M.

    ``importance`` weighs the columns of a tensor by its name (``training.importance``); a tensor without it is rounded alike.
    """
    import gguf

    library = ctypes.CDLL(str(kernels()))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p,
    ]  # fmt: skip
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    _copy_facts(reader, writer, gguf)
    names = {tensor.name for tensor in reader.tensors}
    narrow = any(t.name == "token_embd.weight" and int(t.shape[0]) % 256 for t in reader.tensors)
    layers = 1 + max(int(found[1]) for name in names if (found := re.match(r"blk\.(\d+)\.", name)))
    for tensor in reader.tensors:
        if tensor.data.ndim < 2:
            writer.add_tensor(tensor.name, np.array(tensor.data), raw_dtype=tensor.tensor_type)
            continue
        rows = np.ascontiguousarray(gguf.quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        kind = gguf.GGMLQuantizationType[
            kind_of(tensor.name, rows.shape[-1], layers, "output.weight" not in names, narrow)
        ]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        flat = rows.reshape(-1, rows.shape[-1])
        packed = np.empty((*rows.shape[:-1], rows.shape[-1] // block * size), dtype=np.uint8)
        weights = (importance or {}).get(tensor.name)
        if weights is not None:
            weights = np.ascontiguousarray(
                weights + np.float32(1e-10), dtype=np.float32
            )  # a dead input weighs something
        given = weights.ctypes.data if weights is not None else None
        library.ggml_quantize_chunk(kind, flat.ctypes.data, packed.ctypes.data, 0, *flat.shape, given)
        writer.add_tensor(tensor.name, packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def kind_of(name: str, width: int, layers: int, tied: bool, narrow: bool = False) -> str:
    """The kind that Q4_K_M gives a matrix with rows of ``width``.

    ``tied`` where the embedding is the head too, ``narrow`` where 256 doesn't divide the model's width.
    """
    layer = re.match(r"blk\.(\d+)\.", name)
    head = name == ("token_embd.weight" if tied else "output.weight")
    valued = layer and name.endswith(("attn_v.weight", "ffn_down.weight"))
    more = head or bool(valued and layer and _more_bits(int(layer[1]), layers))
    if narrow and name.endswith(("attn_k.weight", "attn_v.weight", "attn_output.weight", "ffn_down.weight")):
        more = True
    if width % 256 == 0:
        return "Q6_K" if more else "Q4_K"
    if width % 32 == 0:
        return "Q8_0" if more else "Q5_0"
    return "F16"


def _more_bits(layer: int, layers: int) -> bool:
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def _copy_facts(reader: Any, writer: Any, gguf: Any) -> None:
    own = {"general.architecture", "general.file_type", "general.quantization_version"}
    for name, field in reader.fields.items():
        if name in own or name.startswith("GGUF."):
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
