"""Q4_K_M by llama.cpp's kernels: which tensor gets which kind, and what is left of the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.quantize import kernels, kind_of, quantize


@pytest.mark.parametrize(
    ("name", "width", "kind"),
    [
        ("token_embd.weight", 2048, "Q6_K"),
        ("blk.0.attn_q.weight", 2048, "Q4_K"),
        ("blk.0.attn_v.weight", 2048, "Q6_K"),
        ("blk.2.attn_v.weight", 2048, "Q4_K"),
        ("blk.4.ffn_down.weight", 8192, "Q6_K"),
        ("blk.5.ffn_down.weight", 8192, "Q4_K"),
        ("blk.15.ffn_down.weight", 8192, "Q6_K"),
        ("blk.0.attn_q.weight", 576, "Q5_0"),
        ("blk.0.attn_v.weight", 576, "Q8_0"),
        ("blk.0.attn_v.weight", 30, "F16"),
    ],
)
def test_the_kinds_are_those_of_llama_cpp(name: str, width: int, kind: str) -> None:
    assert kind_of(name, width, 16, tied=True) == kind


@pytest.mark.parametrize(
    ("name", "width", "kind"),
    [
        ("blk.2.attn_q.weight", 576, "Q5_0"),
        ("blk.2.attn_k.weight", 576, "Q8_0"),
        ("blk.2.attn_v.weight", 576, "Q8_0"),
        ("blk.2.attn_output.weight", 576, "Q8_0"),
        ("blk.2.ffn_down.weight", 1536, "Q6_K"),
        ("blk.2.ffn_up.weight", 576, "Q5_0"),
    ],
)
def test_a_narrow_model_gets_more_bits_where_it_loses_most(name: str, width: int, kind: str) -> None:
    assert kind_of(name, width, 16, tied=True, narrow=True) == kind


def test_an_untied_embedding_is_no_head() -> None:
    assert kind_of("token_embd.weight", 2048, 16, tied=False) == "Q4_K"
    assert kind_of("output.weight", 2048, 16, tied=False) == "Q6_K"


def test_numbers_and_facts_survive(tmp_path: Path) -> None:
    if kernels() is None:
        pytest.skip("xllamacpp isn't installed: llama.cpp's kernels are not tested")
    import gguf

    writer = gguf.GGUFWriter(tmp_path / "f16.gguf", "llama")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_chat_template("{{ messages }}")
    writer.add_token_list(["a", "b", "c"])
    random = np.random.default_rng(0)
    weights = {
        "token_embd.weight": (8, 256),
        "blk.0.attn_q.weight": (8, 256),
        "blk.0.attn_v.weight": (4, 256),
        "blk.0.ffn_up.weight": (4, 64),
        "blk.0.attn_norm.weight": (256,),
    }
    made = {name: random.standard_normal(shape).astype(np.float32) for name, shape in weights.items()}
    for name, weight in made.items():
        writer.add_tensor(name, weight.astype(np.float16) if weight.ndim > 1 else weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    quantize(tmp_path / "f16.gguf", tmp_path / "q4.gguf")
    read = gguf.GGUFReader(tmp_path / "q4.gguf")
    assert read.fields["tokenizer.chat_template"].contents() == "{{ messages }}"
    assert read.fields["tokenizer.ggml.tokens"].contents() == ["a", "b", "c"]
    assert read.fields["general.file_type"].contents() == gguf.LlamaFileType.MOSTLY_Q4_K_M
    kinds = {tensor.name: tensor.tensor_type.name for tensor in read.tensors}
    assert kinds == {
        "token_embd.weight": "Q6_K",
        "blk.0.attn_q.weight": "Q4_K",
        "blk.0.attn_v.weight": "Q6_K",
        "blk.0.ffn_up.weight": "Q5_0",
        "blk.0.attn_norm.weight": "F32",
    }
    lost = {"F32": 0.0, "Q6_K": 0.02, "Q5_0": 0.05, "Q4_K": 0.09}
    for tensor in read.tensors:
        back = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        error = np.linalg.norm(back - made[tensor.name]) / np.linalg.norm(made[tensor.name])
        assert error <= lost[kinds[tensor.name]], tensor.name
    five = next(tensor for tensor in read.tensors if tensor.name == "blk.0.ffn_up.weight")
    rows = made["blk.0.ffn_up.weight"].astype(np.float16).astype(np.float32)
    assert np.array_equal(five.data, gguf.quants.quantize(rows, gguf.GGMLQuantizationType.Q5_0))


def test_columns_that_matter_are_rounded_least(tmp_path: Path) -> None:
    if kernels() is None:
        pytest.skip("xllamacpp isn't installed: llama.cpp's kernels are not tested")
    import gguf

    random = np.random.default_rng(0)
    weight = random.standard_normal((64, 256)).astype(np.float16)
    inputs = np.where(np.arange(256) % 8 == 0, 100.0, 0.01).astype(np.float32)
    writer = gguf.GGUFWriter(tmp_path / "f16.gguf", "llama")
    writer.add_tensor("blk.0.ffn_up.weight", weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    lost = []
    for importance in (None, {"blk.0.ffn_up.weight": inputs}):
        quantize(tmp_path / "f16.gguf", tmp_path / "q4.gguf", importance)
        read = gguf.GGUFReader(tmp_path / "q4.gguf").tensors[0]
        assert read.tensor_type.name == "Q4_K"
        back = gguf.quants.dequantize(read.data, read.tensor_type)
        lost.append(float((((back - weight) ** 2) * inputs).sum()))
    assert lost[1] < 0.7 * lost[0]
