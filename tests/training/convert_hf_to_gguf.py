"""A stand-in for llama.cpp's converter, with its command line: a tiny Llama folder to a true F16 GGUF file.

With BREAK_GGUF=1 it writes other weights, with SHIFT_GGUF=1 other tokens, with TOKENIZER_GGUF=llama it takes the tokenizer for
SentencePiece, with FAIL_GGUF=1 it fails as the converter does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import gguf
import numpy as np

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def permuted(weight: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp's order of the rotary halves."""
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, 2, half, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--outfile", type=Path)
    parser.add_argument("--outtype")
    given = parser.parse_args()
    if os.environ.get("FAIL_GGUF"):
        sys.exit("NotImplementedError: BPE pre-tokenizer was not recognized")
    config = json.loads((given.model / "config.json").read_text())
    assert (given.model / "chat_template.jinja").read_text().startswith("{%- set date_string")
    writer = gguf.GGUFWriter(given.outfile, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_vocab_size(config["vocab_size"])
    vocabulary = json.loads((given.model / "tokenizer.json").read_text())["model"]["vocab"]
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    if os.environ.get("SHIFT_GGUF"):
        tokens = [*tokens[1:], tokens[0]]
    writer.add_tokenizer_model(os.environ.get("TOKENIZER_GGUF", "gpt2"))
    writer.add_token_list(tokens)
    import torch
    from safetensors.torch import load_file as load_torch

    weights = {
        name: value.to(torch.float32).numpy()
        for name, value in load_torch(given.model / "model.safetensors").items()
    }
    if os.environ.get("BREAK_GGUF"):
        weights = {name: value[::-1].copy() for name, value in weights.items()}
    for name, value in weights.items():
        if name.startswith("model.layers."):
            _, _, layer, rest = name.split(".", 3)
            part = rest.removesuffix(".weight")
            if part.endswith("q_proj"):
                value = permuted(value, config["num_attention_heads"])
            if part.endswith("k_proj"):
                value = permuted(value, config["num_key_value_heads"])
            new = f"blk.{layer}.{NAMES[part]}.weight"
        else:
            new = {
                "model.embed_tokens.weight": "token_embd.weight",
                "model.norm.weight": "output_norm.weight",
                "lm_head.weight": "output.weight",
            }[name]
        writer.add_tensor(new, value.astype(np.float32 if value.ndim == 1 else np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
