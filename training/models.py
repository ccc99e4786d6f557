"""The base model: where it lies, which revision it is, its tokenizer and its chat template."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.contract import Home, canonical_json, digest, file_sha256
from training import template as tpl
from training.errors import ModelError
from training.quiet import quiet

WEIGHTS = ("*.safetensors", "*.bin")


@dataclass(frozen=True)
class Base:
    """A base model on this disk. ``name`` is the Hub id or the folder; ``sha256`` stands for local ones."""

    name: str
    path: Path
    revision: str | None
    sha256: str | None


@dataclass(frozen=True)
class Voice:
    """How the model is talked to: its tokenizer and pinned template, and what ends an answer."""

    tokenizer: Any
    template: str
    bos_token: str | None
    eos_token: str | None
    end_id: int | None
    stop_ids: list[int]
    pad_id: int

    @property
    def stop_tokens(self) -> list[str]:
        """The stop ids as texts."""
        return [str(token) for token in self.tokenizer.convert_ids_to_tokens(self.stop_ids)]

    def render(self, messages: list[dict[str, str]], system_prompt: str | None) -> list[tpl.Segment]:
        """The segments of a whole conversation, the system prompt in front where it has none."""
        return tpl.render(
            self.template,
            tpl.with_system(messages, system_prompt),
            bos_token=self.bos_token,
            eos_token=self.eos_token,
        )

    def prompt(self, messages: list[dict[str, str]], system_prompt: str | None) -> list[int]:
        """The token ids that ask for the next answer."""
        return tpl.encode_prompt(
            self.tokenizer,
            self.template,
            messages,
            system_prompt=system_prompt,
            bos_token=self.bos_token,
            eos_token=self.eos_token,
        )

    def key(self) -> str:
        """The hash of the tokenizer: vocabulary, merges, added tokens and what is special."""
        return digest(canonical_json(json.loads(self.tokenizer.backend_tokenizer.to_str())))


def resolve_base(
    model: str,
    revision: str | None,
    home: Home,
    say: Callable[[str], None] = lambda _: None,
    *,
    weights: bool = True,
) -> Base:
    """Find the base model: ``smollm2``, a local folder, or a Hub id, which is downloaded.

    With ``weights`` off only the config and tokenizer of a Hub model are fetched, enough to plan.
    Raises ModelError: not found, no access, no network, not a causal language model.
    """
    if model == "smollm2":
        from training.smollm2 import smollm2

        path = smollm2(home, say)
        made_of = json.loads((path / "source.json").read_text(encoding="utf-8"))
        return Base(str(path.resolve()), path, None, made_of["files"]["model.safetensors"])
    path = Path(model).expanduser()
    if path.is_dir():
        _check_causal(path, model)
        return Base(str(path.resolve()), path, None, weights_sha256(path))
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        raise ModelError(
            f"there is no base model {model!r}",
            mend="Give a Hub id such as unsloth/Llama-3.2-1B-Instruct, a local folder, or smollm2.",
        )
    path = _download(model, revision, say, weights)
    _check_causal(path, model)
    commit = path.name if path.parent.name == "snapshots" else revision
    return Base(model, path, commit, None)


def has_weights(base: Base) -> bool:
    """Whether the model's weights are on this disk, not its config and tokenizer alone."""
    return any(any(base.path.glob(pattern)) for pattern in WEIGHTS)


def weights_sha256(folder: Path) -> str:
    """One hash for a folder's weights: the file's own where there is one, else the hash of all of them."""
    files = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    if not files:
        raise ModelError("there are no weights here", where=str(folder), mend="Expected *.safetensors.")
    if len(files) == 1:
        return file_sha256(files[0])
    return digest(canonical_json({path.name: file_sha256(path) for path in files}))


def load_voice(base: Base, template_file: str | None = None) -> Voice:
    """The tokenizer and the template of a base model. Raises ModelError where there is no chat template."""
    from transformers import AutoTokenizer

    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(base.path, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the tokenizer can't be loaded: {error}", where=base.name) from error
    if template_file is not None:
        path = Path(template_file)
        if not path.is_file():
            raise ModelError("there is no such template file", where=template_file)
        template: str | None = path.read_text(encoding="utf-8")
    else:
        own = tokenizer.chat_template
        template = own.get("default") if isinstance(own, dict) else own
    if not template:
        raise ModelError(
            "this model has no chat template",
            where=base.name,
            mend="Use its Instruct sibling, or name a Jinja file: --set template=FILE.",
        )
    try:
        end_id = tpl.end_token(
            tokenizer, template, bos_token=tokenizer.bos_token, eos_token=tokenizer.eos_token
        )
    except tpl.TemplateError as error:
        raise ModelError(str(error), where=template_file or base.name) from error
    stops = [end_id, tokenizer.eos_token_id, *_generation_stops(base.path)]
    stop_ids = list(dict.fromkeys(stop for stop in stops if stop is not None))
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (stop_ids or [0])[0]
    return Voice(tokenizer, template, tokenizer.bos_token, tokenizer.eos_token, end_id, stop_ids, pad_id)


def _generation_stops(folder: Path) -> list[int]:
    path = folder / "generation_config.json"
    if not path.is_file():
        return []
    stops = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id")
    return stops if isinstance(stops, list) else [stops]


def _check_causal(folder: Path, name: str) -> None:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError("this folder holds no model: config.json is missing", where=name)
    kinds = json.loads(path.read_text(encoding="utf-8")).get("architectures") or []
    if not any(kind.endswith(("ForCausalLM", "LMHeadModel")) for kind in kinds):
        what = f"it is a {', '.join(kinds)}" if kinds else "its config names no architecture"
        raise ModelError(f"this isn't a causal language model: {what}", where=name)


def _download(model: str, revision: str | None, say: Callable[[str], None], weights: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    say(f"Looking for {model} on the Hub.")
    wanted = ["*.json", "tokenizer.model", "*.jinja", "*.txt", *(["*.safetensors"] if weights else [])]
    try:
        return Path(
            snapshot_download(
                model, revision=revision, allow_patterns=wanted, ignore_patterns=["original/*", "onnx/*"]
            )
        )
    except GatedRepoError:
        mend = (
            "Ask for access on its page, then log in: hf auth login. The unsloth/ copies of Llama are open."
        )
        raise ModelError("access to this model is gated", where=model, mend=mend) from None
    except RevisionNotFoundError:
        raise ModelError(f"it has no revision {revision!r}", where=model) from None
    except (RepositoryNotFoundError, HFValidationError):
        raise ModelError(
            "there is no such model on the Hub, or it is private",
            where=model,
            mend="Check the name; for a private one log in: hf auth login.",
        ) from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"the Hub can't be reached ({type(error).__name__}) and the model isn't cached",
            where=model,
            mend="Check the network, or use a local folder, or smollm2, which needs no network.",
        ) from error
