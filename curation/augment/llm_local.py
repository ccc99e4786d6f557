"""A transformers model on this machine as the language model: no server, no key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from curation.augment.llm import LlmSpec, Reply, Request, model_identity
from curation.augment.networks import loaded


class LocalModel:
    """A causal model with a chat template; each request is sampled from its own seed."""

    def __init__(self, spec: LlmSpec) -> None:
        self.spec = spec
        self.tokenizer, self.model = loaded("CausalLM", spec.model)
        import torch

        self.limit = getattr(self.model.config, "max_position_embeddings", None) or 1 << 30
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model.to(self.device)
        commit = getattr(self.model.config, "_commit_hash", None)
        self.identity = f"{model_identity(spec)} {commit} {self.device}"

    def answer(self, requests: Sequence[Request], done: Callable[[int, Reply], None]) -> None:
        """Answer one after the other."""
        import torch

        for place, request in enumerate(requests):
            inputs = self._read(request).to(self.device)
            size = inputs["input_ids"].shape[1]
            room = min(self.spec.max_tokens, self.limit - size)
            if room < 1:  # longer than the model can read
                done(place, Reply("", size))
                continue
            warm = self.spec.temperature > 0
            chance = (
                {"do_sample": True, "temperature": self.spec.temperature} if warm else {"do_sample": False}
            )
            with torch.random.fork_rng(), torch.inference_mode():
                torch.manual_seed(request.seed)
                out = self.model.generate(
                    **inputs,
                    max_new_tokens=room,
                    pad_token_id=self.tokenizer.eos_token_id,
                    **chance,
                )
            text = self.tokenizer.decode(out[0][size:], skip_special_tokens=True)
            done(place, Reply(text, int(size), int(out.shape[1] - size)))

    def _read(self, request: Request) -> Any:
        """The request's tokens by the model's chat template; a base model has none, and some know no system's turn."""
        import jinja2

        said = {"add_generation_prompt": True, "return_tensors": "pt", "return_dict": True}
        messages = [{"role": role, "content": content} for role, content in request.messages]
        joined = "\n\n".join(content for _, content in request.messages)
        if not self.tokenizer.chat_template:
            return self.tokenizer(f"{joined}\n\n", return_tensors="pt")
        try:
            return self.tokenizer.apply_chat_template(messages, **said)
        except jinja2.TemplateError:
            return self.tokenizer.apply_chat_template([{"role": "user", "content": joined}], **said)
