"""The transformers + peft engine: one step at a time, so that stopping, sharing and streaming are exact."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chatbot_space.engine import End, Piece
from chatbot_space.errors import ChatError, TooLongError
from chatbot_space.prefix import PrefixPool, Slot
from chatbot_space.settings import Settings
from chatbot_space.text import Detokenizer
from chatbot_space.turns import Turns

if TYPE_CHECKING:
    import torch

PREFILL = 256
"""Prompt tokens per step: long enough to be fast, short enough that others get their turn and stop works."""


class HFEngine:
    """Generates with a causal language model of transformers, the adapter on for "tuned", off for "base".

    ``model`` is a transformers or peft model in evaluation mode; ``tokenizer`` its tokenizer;
    ``stop_ids`` end an answer; ``tuned`` says that a model without adapter is itself the trained one. See ``chatbot_space.engine.Engine`` for the protocol.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        stop_ids: Sequence[int],
        *,
        context: int,
        at_once: int = 4,
        slots: int = 6,
        tuned: bool = False,
    ) -> None:
        self.model, self.tokenizer, self.stop_ids = model, tokenizer, frozenset(stop_ids)
        self.context, self.at_once = context, at_once
        self.tuned = hasattr(model, "peft_config")
        whole = ("tuned",) if tuned else ("base",)
        self.models: tuple[str, ...] = ("tuned", "base") if self.tuned else whole
        self.device = next(model.parameters()).device
        kind = str(next(model.parameters()).dtype).removeprefix("torch.")
        self.name = (
            f"transformers, {kind}, {'CPU' if self.device.type == 'cpu' else self.device.type.upper()}"
        )
        self._turns = Turns()
        self._config = model.config.get_text_config()
        self.pool = PrefixPool(self._fresh, _crop, self._copy, slots=slots, tokens=2 * context)

    def stream(self, ids: Sequence[int], settings: Settings, model: str = "tuned") -> Iterator[Piece]:
        """Generate; raises TooLongError for a prompt without room, ChatError when memory runs out."""
        prompt = list(ids)
        if len(prompt) >= self.context:
            raise TooLongError(f"{len(prompt)} tokens, and the model holds {self.context}")
        model = model if model in self.models else self.models[0]
        slot = self.pool.take(model, prompt)
        reused = len(slot.ids)
        keep = False
        try:
            with _kind_memory():
                yield from self._generate(slot, prompt, reused, settings)
            keep = True
        except GeneratorExit:
            keep = True  # stopped by the person: what was computed is still right
            raise
        finally:
            if keep and _croppable(slot.cache):
                self.pool.give(slot)

    def _generate(self, slot: Slot, prompt: list[int], reused: int, settings: Settings) -> Iterator[Piece]:
        import torch

        choose = Sampler(settings, self.device)
        text = Detokenizer(self.tokenizer)
        logits = self._prefill(slot, prompt)
        seen = torch.tensor([prompt], device=self.device)
        end: End | None = None
        while end is None:
            token = choose(seen, logits)
            if token in self.stop_ids:
                end = "stop"
                break
            new = text.push(token)
            if len(text.ids) >= settings.max_tokens:
                end = "length"
            elif len(prompt) + len(text.ids) >= self.context:
                end = "context"
            elif new:
                yield Piece(new, len(text.ids), len(prompt), reused)
                new = ""
            if end is None:
                seen = torch.cat([seen, torch.tensor([[token]], device=self.device)], dim=1)
                logits = self._step(slot, [token])
            elif new:
                yield Piece(new, len(text.ids), len(prompt), reused)
        yield Piece(text.rest(), len(text.ids), len(prompt), reused, end)

    def _prefill(self, slot: Slot, prompt: list[int]) -> torch.Tensor:
        logits = None
        while len(slot.ids) < len(prompt):
            logits = self._step(slot, prompt[len(slot.ids) : len(slot.ids) + PREFILL])
        if logits is None:  # the pool always leaves one id to compute
            raise RuntimeError("nothing to compute in the prompt")
        return logits

    def _step(self, slot: Slot, new: list[int]) -> torch.Tensor:
        """Run ``new`` ids through the model; the logits behind the last one, shape (1, vocabulary)."""
        import torch

        with self._turns, torch.inference_mode(), self._adapter(slot.model):
            out = self.model(
                input_ids=torch.tensor([new], device=self.device),
                past_key_values=slot.cache,
                use_cache=True,
                logits_to_keep=1,
            )
        slot.ids.extend(new)
        return out.logits[:, -1].float()

    def _adapter(self, model: str) -> contextlib.AbstractContextManager[Any]:
        """The adapter switched off while the base model answers."""
        if self.tuned and model == "base":
            return self.model.disable_adapter()  # type: ignore[no-any-return]
        return contextlib.nullcontext()

    def _fresh(self) -> Any:
        from transformers import DynamicCache

        return DynamicCache(config=self._config)

    def _copy(self, cache: Any, length: int) -> Any:
        new = self._fresh()
        for place, layer in enumerate(cache.layers):
            new.update(layer.keys[:, :, :length].clone(), layer.values[:, :, :length].clone(), place)
        return new


class Sampler:
    """Chooses the next token with transformers' own processors, in transformers' own order.

    The repetition penalty also counts the prompt's tokens, as it does in ``generate``.
    """

    def __init__(self, settings: Settings, device: Any) -> None:
        import torch
        from transformers.generation import logits_process as process

        self.greedy = settings.temperature < 0.01
        self.chain: list[Any] = []
        if settings.repetition_penalty != 1:
            self.chain.append(process.RepetitionPenaltyLogitsProcessor(settings.repetition_penalty))
        if not self.greedy:
            self.chain.append(process.TemperatureLogitsWarper(float(settings.temperature)))
            if settings.top_k:
                self.chain.append(process.TopKLogitsWarper(settings.top_k))
            if settings.top_p < 1:
                self.chain.append(process.TopPLogitsWarper(float(settings.top_p)))
            if settings.min_p:
                self.chain.append(process.MinPLogitsWarper(float(settings.min_p)))
        self.generator = torch.Generator(device=device).manual_seed(settings.seed)

    def __call__(self, seen: torch.Tensor, logits: torch.Tensor) -> int:
        """The next id, from the ids so far (1, length) and the logits (1, vocabulary)."""
        import torch

        for process in self.chain:
            logits = process(seen, logits)
        if self.greedy:
            return int(logits.argmax(-1))
        return int(torch.multinomial(torch.softmax(logits, dim=-1), 1, generator=self.generator))


def _crop(cache: Any, length: int) -> None:
    more = cache.get_seq_length() - length
    if more > 0:
        cache.crop(-more)


def _croppable(cache: Any) -> bool:
    """Sliding-window layers forget, so such a cache can't be cut back to a prefix."""
    return not any(getattr(layer, "is_sliding", False) for layer in cache.layers)


@contextlib.contextmanager
def _kind_memory() -> Iterator[None]:
    """Turn an out-of-memory into words; the app stays up."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "memory" not in str(error).lower():
            raise
        raise ChatError(
            "the machine ran out of memory for this answer",
            mend="Start a new conversation or ask for fewer tokens.",
        ) from error
