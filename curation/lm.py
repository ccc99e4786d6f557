"""How a causal language model likes an answer: its loss over the answer's tokens, with or without what comes before."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import polars as pl

from curation.errors import HubError, InputError, MissingExtra
from curation.hub import need_model

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Loss:
    """Mean negative log-likelihood of an answer's tokens (nats a token), and how many tokens it is the mean of."""

    mean: float
    tokens: int


class Scorer(Protocol):
    """What the steps ask of a language model."""

    def losses(
        self, pairs: Sequence[tuple[str, str]], progress: Callable[[int, int], None] | None = None
    ) -> list[Loss | None]:
        """The loss of each answer after its context; None where the answer has no token."""
        ...


def last_exchange(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """Each row's text before its last answer, turns set apart by an empty line, and that answer."""
    pairs = []
    for messages in rows["messages"].to_list():
        texts = [message["content"] or "" for message in messages]
        spoken = [place for place, message in enumerate(messages) if message["role"] == "assistant"]
        if not spoken:
            pairs.append(("", ""))
            continue
        before = "\n\n".join(text for text in texts[: spoken[-1]] if text)
        pairs.append((before + "\n\n" if before else "", texts[spoken[-1]]))
    return pairs


class CausalModel:
    """A Hugging Face causal model and its tokenizer, as a Scorer. No code from a repository is run."""

    def __init__(self, tokenizer: Any, model: Any, max_tokens: int, batch_tokens: int) -> None:
        """``max_tokens`` a text, context and answer together; ``batch_tokens`` a forward pass, padding included."""
        self.tokenizer, self.model = tokenizer, model
        limit = getattr(model.config, "max_position_embeddings", None) or max_tokens
        self.max_tokens, self.batch_tokens = min(max_tokens, limit), batch_tokens

    def losses(
        self,
        pairs: Sequence[tuple[str, str]],
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Loss | None]:
        """Longest texts first, batched with others of their length."""
        encoded = [self._encode(context, answer) for context, answer in pairs]
        found: list[Loss | None] = [None] * len(pairs)
        order = sorted(
            (n for n, (ids, first) in enumerate(encoded) if first < len(ids)),
            key=lambda n: -len(encoded[n][0]),
        )
        place = done = 0
        while place < len(order):
            size = max(1, self.batch_tokens // len(encoded[order[place]][0]))
            batch = order[place : place + size]
            for number, loss in zip(batch, self._batch([encoded[n] for n in batch]), strict=True):
                found[number] = loss
            place, done = place + size, done + len(batch)
            if progress is not None:
                progress(done, len(order))
        return found

    def _encode(self, context: str, answer: str) -> tuple[list[int], int]:
        """Token ids, and where the answer starts: a start token, the context's end, the answer's front.

        The answer has at most three quarters of the room, whatever its context, so that with and without a
        context the same tokens are scored.
        """
        ids = self.tokenizer(answer, add_special_tokens=False)["input_ids"][: self.max_tokens * 3 // 4]
        room = self.max_tokens - 1 - len(ids)
        before = self.tokenizer(context, add_special_tokens=False)["input_ids"] if context else []
        start = self.tokenizer.bos_token_id
        start = self.tokenizer.eos_token_id if start is None else start
        head = [0 if start is None else start, *before[-room:]]
        return head + ids, len(head)

    def _batch(self, encoded: list[tuple[list[int], int]]) -> list[Loss]:
        import torch

        longest = max(len(ids) for ids, _ in encoded)
        device = self.model.device
        tokens = torch.zeros((len(encoded), longest), dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, (ids, _) in enumerate(encoded):
            tokens[row, : len(ids)] = torch.tensor(ids)
            mask[row, : len(ids)] = 1
        with torch.inference_mode():
            logits = self.model(input_ids=tokens.to(device), attention_mask=mask.to(device)).logits
        losses = []
        for row, (ids, first) in enumerate(
            encoded
        ):  # a row at a time: all logits in float32 would be too many
            seen = logits[row, first - 1 : len(ids) - 1].float()
            target = tokens[row, first : len(ids)].to(device)
            mean = torch.nn.functional.cross_entropy(seen, target, reduction="mean")
            losses.append(Loss(round(float(mean), 4), len(ids) - first))
        return losses


@functools.lru_cache(maxsize=1)
def load(name: str, revision: str | None, device: Device, max_tokens: int, batch_tokens: int) -> CausalModel:
    """A model by Hub id or folder: safetensors only, float32 on the CPU and bfloat16 on a GPU.

    Raises MissingExtra, InputError for a folder or device that isn't there, HubError where the Hub doesn't give it.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ModuleNotFoundError as error:
        raise MissingExtra.of(error.name or "transformers", "train") from None
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no CUDA device here", where="device", mend="Use device: cpu, or auto.")
    if name.startswith((".", "/", "~")) and not Path(name).expanduser().is_dir():
        raise InputError("there is no model here", where=name, mend="Give the folder of a model or a Hub id.")
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    need_model(name, revision)
    common = {"revision": revision, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **common)
        model = AutoModelForCausalLM.from_pretrained(
            name, dtype=torch.bfloat16 if place == "cuda" else torch.float32, use_safetensors=True, **common
        )
    except (OSError, ValueError) as error:
        raise HubError(
            f"the model can't be loaded: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            where=name,
            mend="Check the id, the network and your access to it, or give a folder with safetensors.",
        ) from None
    return CausalModel(tokenizer, model.to(place).eval(), max_tokens, batch_tokens)
