"""From a run folder to an engine that is ready to answer: base model found, adapter put on, tokens checked."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot_space import zero
from chatbot_space.engine import Engine, Prompter
from chatbot_space.errors import ChatError, MissingError, RunError
from chatbot_space.fidelity import check_fidelity
from chatbot_space.run import Run
from chatbot_space.settings import Settings

ENGINES = ("auto", "transformers", "gguf")

GGUF = "model.gguf"
CPU_CONTEXT = 4096
"""On a CPU a longer prompt would take minutes to read, so the context is kept shorter than the model's."""


@dataclass(frozen=True)
class Chat:
    """A run, its prompter and its engine: all that the app and the command line need."""

    run: Run
    prompter: Prompter
    engine: Engine


def load(
    run: Run, *, engine: str = "auto", base_only: bool = False, dtype: str = "auto", home: Path | None = None
) -> Chat:
    """Load what answers for a run, check its tokens against training's, and warm it up.

    ``engine`` is "auto" (GGUF where the run has ``model.gguf``, else transformers), "transformers" or "gguf"
    (made from the run, or from its base, where it is missing); ``dtype`` is "auto", "float32" or "bfloat16".
    Raises MissingError (a package), RunError (no base model, no adapter) or FidelityError.
    """
    if engine not in ENGINES:
        raise ChatError(f"there is no engine {engine!r}", mend=f"Known: {', '.join(ENGINES)}.")
    zero.prepare()
    _quiet()
    tokenizer = load_tokenizer(run, home)
    prompter = Prompter(run, tokenizer)
    check_fidelity(prompter)
    ready: Engine
    own = engine == "auto" and not base_only and (run.folder / GGUF).is_file()
    if engine == "gguf" or own:
        ready = _gguf(run, home, base_only)
    else:
        ready = _transformers(run, find_base(run, home), tokenizer, base_only, dtype)
    if zero.on_zero():
        ready = zero.ZeroEngine(ready)  # its GPU isn't there yet, so nothing can be warmed up
    else:
        warm_up(ready, prompter)
    return Chat(run, prompter, ready)


def warm_up(engine: Engine, prompter: Prompter) -> None:
    """One token for one word, so that the first person doesn't pay for the first use of everything."""
    ids = prompter.ids([{"role": "user", "content": "Hi"}])
    for _ in engine.stream(ids, Settings(max_tokens=2, temperature=0)):
        pass


def find_base(run: Run, home: Path | None = None) -> str:
    """Where the base model is: in the run's folder, at its path, in ``<home>/models``, or its Hub id."""
    home = home or Path(os.environ.get("TOME_HOME") or "data")
    given = Path(run.base_model)
    for place in (run.folder / "base", given, home / "models" / given.name):
        if (place / "config.json").is_file():
            return str(place)
    if given.is_absolute() or run.base_model.count("/") != 1 or run.base_model.startswith("."):
        raise RunError(
            f"the base model {run.base_model} isn't there",
            where=str(run.folder / "run.json"),
            mend=f"Put it back, or copy it to {home / 'models' / given.name}.",
        )
    return run.base_model


def _fetching(run: Run, what: str, error: Exception) -> RunError:
    first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    return RunError(
        f"the base model's {what} can't be fetched or read ({run.base_model}): {first}",
        mend="Check the network and, for a gated model, that HF_TOKEN may read it.",
    )


def load_tokenizer(run: Run, home: Path | None = None) -> Any:
    """The run's tokenizer: shipped in its folder, saved with the adapter, or the base model's."""
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise MissingError.of("transformers") from None
    own = [
        place
        for place in (run.folder / "tokenizer", run.adapter)
        if place and (place / "tokenizer.json").is_file()
    ]
    where = str(own[0]) if own else find_base(run, home)
    revision = None if Path(where).exists() else run.base_revision
    try:
        return AutoTokenizer.from_pretrained(where, revision=revision)
    except (OSError, ValueError, KeyError) as error:
        raise _fetching(run, "tokenizer", error) from error


def gguf_path(run: Run, kind: str = "q8_0", *, base_only: bool = False) -> Path:
    """Where a run's GGUF file is: ``model.gguf`` in its folder, else ``chat/`` under a name that pins its adapter.

    That of its base alone is ``chat/base-...``.
    """
    if (run.folder / GGUF).is_file() and not base_only:
        return run.folder / GGUF
    files = None if base_only else run.facts.get("adapter_files")
    pinned = json.dumps([run.base_model, run.base_revision, files], sort_keys=True)
    name = f"{kind}-{hashlib.blake2b(pinned.encode(), digest_size=6).hexdigest()}.gguf"
    return run.folder / "chat" / (f"base-{name}" if base_only else name)


def make_gguf(run: Run, kind: str = "q8_0", home: Path | None = None, *, base_only: bool = False) -> Path:
    """The run's GGUF file, merged and written where it is missing; see ``write_gguf`` for what is raised."""
    path = gguf_path(run, kind, base_only=base_only)
    if not path.is_file():
        from chatbot_space.gguf_write import write_gguf  # not there on a Space, whose file is

        _quiet()
        model = load_model(run, find_base(run, home), base_only=base_only, dtype="float32", device="cpu")
        merged = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
        write_gguf(run, merged, load_tokenizer(run, home), path, kind)
    return path


def _gguf(run: Run, home: Path | None, base_only: bool) -> Engine:
    from chatbot_space.engine_gguf import GGUFEngine

    path = make_gguf(run, home=home, base_only=base_only)
    return GGUFEngine(path, run.stop_tokens, context=max(CPU_CONTEXT, run.max_length), base=base_only)


def _transformers(run: Run, where: str, tokenizer: Any, base_only: bool, dtype: str) -> Engine:
    try:
        import torch
    except ImportError:
        raise MissingError.of("torch") from None
    from chatbot_space.engine_hf import HFEngine

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = load_model(run, where, base_only=base_only, dtype=dtype, device=device)
    longest = int(getattr(model.config.get_text_config(), "max_position_embeddings", run.max_length))
    context = longest if device == "cuda" else min(longest, max(CPU_CONTEXT, run.max_length))
    tuned = run.whole_weights and not base_only
    return HFEngine(model, tokenizer, run.stop_token_ids, context=context, tuned=tuned)


def load_model(run: Run, where: str, *, base_only: bool, dtype: str, device: str) -> Any:
    """The transformers model with its adapter on, in evaluation mode. Raises RunError, MissingError."""
    try:
        import torch
        from transformers import AutoModelForCausalLM
    except ImportError as error:
        raise MissingError.of(error.name or "torch") from None
    kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    kind = kinds.get(dtype, torch.bfloat16 if device == "cuda" else torch.float32)
    whole = run.whole_weights and not base_only
    revision = None if whole or Path(where).exists() else run.base_revision
    try:
        model = AutoModelForCausalLM.from_pretrained(
            str(run.adapter) if whole else where, revision=revision, dtype=kind
        )
    except (OSError, ValueError, KeyError, RuntimeError, _safetensor_error()) as error:
        raise _fetching(run, "weights", error) from error
    if run.adapter and not base_only and not whole:
        model = _with_adapter(model, run.adapter)
    return model.to(device).eval()


def _with_adapter(model: Any, adapter: Path) -> Any:
    try:
        from peft import PeftModel
    except ImportError:
        raise MissingError.of("peft") from None
    try:
        return PeftModel.from_pretrained(model, str(adapter))
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, _safetensor_error()) as error:
        first = str(error).strip().splitlines()[0][:200]
        raise RunError(f"the adapter can't be put on the base model: {first}", where=str(adapter)) from error


def _safetensor_error() -> type[Exception]:
    """What a torn or foreign weights file raises."""
    from safetensors import SafetensorError

    return SafetensorError  # type: ignore[no-any-return]


def _quiet() -> None:
    """Keep transformers' progress bars and advice off the screen; errors still come through."""
    try:
        from transformers.utils import logging
    except ImportError:
        return  # said in words where it is needed
    logging.set_verbosity_error()
    logging.disable_progress_bar()
