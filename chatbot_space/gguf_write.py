"""A run's merged weights as a GGUF file, for llama.cpp: Llama architecture, byte-level BPE tokenizers.

The mapping of names, the permutation of the query and key rows and the rope factors are those of
llama.cpp's ``convert_hf_to_gguf.py`` (MIT). Other architectures need that converter itself.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from chatbot_space.errors import ChatError, MissingError
from chatbot_space.run import Run

KINDS = ("q8_0", "q4_0", "f16", "f32")
PRE = {"HuggingFaceTB/SmolLM": "smollm", "smollm": "smollm", "llama-3": "llama-bpe", "llama3": "llama-bpe"}
"""How llama.cpp splits text before BPE; the chat always sends token ids, so only other programs need it."""

NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


def write_gguf(run: Run, model: Any, tokenizer: Any, path: Path, kind: str = "q8_0") -> Path:
    """Write a merged transformers Llama ``model`` to ``path`` and return it; ``kind`` is one of ``KINDS``.

    The template and the stop token go into the file. Written beside and renamed, so a killed process
    leaves none. Raises ChatError for another architecture or tokenizer, MissingError without gguf.
    """
    try:
        import gguf
    except ImportError:
        raise MissingError("gguf isn't installed", mend="Install it with: pip install gguf.") from None
    if kind not in KINDS:
        raise ChatError(f"there is no GGUF kind {kind!r}", mend=f"Known: {', '.join(KINDS)}.")
    config = model.config
    if config.model_type != "llama":
        raise ChatError(
            f"the architecture {config.model_type} can't be written as GGUF here",
            mend="Use llama.cpp's convert_hf_to_gguf.py, put the file into the run's folder as model.gguf, or use --engine transformers.",
        )
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        writer = gguf.GGUFWriter(str(partial), "llama")
        _facts(writer, run, config)
        _tokens(writer, run, tokenizer, config.vocab_size, gguf)
        quant = gguf.GGMLQuantizationType[kind.upper()]
        writer.add_file_type(getattr(gguf.LlamaFileType, {"q8_0": "MOSTLY_Q8_0", "q4_0": "MOSTLY_Q4_0", "f16": "MOSTLY_F16", "f32": "ALL_F32"}[kind]))  # fmt: skip
        for name, weight in _tensors(model, config):
            whole = weight.ndim == 1 or quant == gguf.GGMLQuantizationType.F32
            fits = weight.shape[-1] % 32 == 0
            chosen = (
                gguf.GGMLQuantizationType.F32 if whole else quant if fits else gguf.GGMLQuantizationType.F16
            )
            if chosen == gguf.GGMLQuantizationType.Q4_0 and name in ("token_embd.weight", "output.weight"):
                chosen = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(weight, chosen), raw_dtype=chosen)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _facts(writer: Any, run: Run, config: Any) -> None:
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    rope = getattr(config, "rope_parameters", None) or {}
    writer.add_name(run.run_id)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(float(rope.get("rope_theta") or getattr(config, "rope_theta", 10000.0)))
    writer.add_rope_dimension_count(width)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_vocab_size(config.vocab_size)


def _tokens(writer: Any, run: Run, tokenizer: Any, size: int, gguf: Any) -> None:
    raw = json.loads(tokenizer.backend_tokenizer.to_str())
    if raw["model"]["type"] != "BPE" or "ByteLevel" not in json.dumps(raw.get("decoder")):
        raise ChatError(
            "only byte-level BPE tokenizers can be written as GGUF here", mend="Use --engine transformers."
        )
    names = {index: token for token, index in tokenizer.get_vocab().items()}
    special = {index: token.special for index, token in tokenizer.added_tokens_decoder.items()}
    kinds, tokens = [], []
    for index in range(size):
        tokens.append(names.get(index, f"[PAD{index}]"))
        kind = gguf.TokenType.NORMAL if index in names else gguf.TokenType.UNUSED
        if index in special:
            kind = gguf.TokenType.CONTROL if special[index] else gguf.TokenType.USER_DEFINED
        kinds.append(kind)
    writer.add_tokenizer_model("gpt2")
    low = run.base_model.lower()
    writer.add_tokenizer_pre(next((pre for part, pre in PRE.items() if part.lower() in low), "gpt-2"))
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in raw["model"]["merges"]])
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(run.stop_token_ids[0])
    writer.add_add_bos_token(False)
    writer.add_chat_template(run.template)


def _tensors(model: Any, config: Any) -> Any:
    heads, groups = config.num_attention_heads, config.num_key_value_heads
    factors = _rope_factors(config)
    if factors is not None:
        yield "rope_freqs.weight", factors
    weights = model.state_dict()
    for name, tensor in weights.items():
        if name.endswith("rotary_emb.inv_freq"):
            continue
        array = tensor.detach().float().cpu().numpy()
        if name == "model.embed_tokens.weight":
            yield "token_embd.weight", array
        elif name == "model.norm.weight":
            yield "output_norm.weight", array
        elif name == "lm_head.weight":
            if not config.tie_word_embeddings:
                yield "output.weight", array
        else:
            layer, _, part = name.removeprefix("model.layers.").partition(".")
            what, _, suffix = part.rpartition(".")
            if what not in NAMES:
                raise ChatError(f"the weights hold {name}, which a Llama in GGUF has no place for")
            if what.endswith(("q_proj", "k_proj")):
                array = _permute(array, heads if what.endswith("q_proj") else groups)
            yield f"blk.{layer}.{NAMES[what]}.{suffix}", array


def _permute(weights: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows from transformers' half-and-half rotary order into llama.cpp's interleaved one."""
    rows = weights.shape[0]
    split = weights.reshape(heads, 2, rows // heads // 2, *weights.shape[1:])
    return np.ascontiguousarray(split.swapaxes(1, 2).reshape(weights.shape))


def _rope_factors(config: Any) -> np.ndarray[Any, Any] | None:
    """The frequency factors of Llama-3's long context; None for plain rope. Raises ChatError for others."""
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return None
    if kind != "llama3":
        raise ChatError(
            f"rope of type {kind} can't be written as GGUF here", mend="Use --engine transformers."
        )
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    base = float(rope.get("rope_theta") or config.rope_theta)
    factor, low, high = float(rope["factor"]), float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    old = int(rope["original_max_position_embeddings"])
    factors = []
    for place in range(0, width, 2):
        wave = 2 * math.pi * base ** (place / width)
        if wave < old / high:
            factors.append(1.0)
        elif wave > old / low:
            factors.append(factor)
        else:
            smooth = (old / wave - low) / (high - low)
            factors.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(factors, np.float32)
