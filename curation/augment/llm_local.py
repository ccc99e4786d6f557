"""A transformers model on this machine as the language model: no server, no key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from curation.augment.llm import LlmSpec, Reply, Request, model_identity
from curation.errors import HubError, MissingExtra


class LocalModel:
    """A causal model with a chat template; each request is sampled from its own seed."""

    def __init__(self, spec: LlmSpec) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ModuleNotFoundError as error:
            raise MissingExtra.of(str(error.name).split(".")[0], "train") from None
        self.spec = spec
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(spec.model, trust_remote_code=False)
            self.model: Any = AutoModelForCausalLM.from_pretrained(spec.model, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise HubError(
                f"the model can't be loaded: {error}", where=spec.model, mend="Check the id or folder."
            ) from None
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model.to(self.device).eval()
        commit = getattr(self.model.config, "_commit_hash", None)
        self.identity = f"{model_identity(spec)} {commit} {self.device}"

    def answer(self, requests: Sequence[Request], done: Callable[[int, Reply], None]) -> None:
        """Answer one after the other."""
        import torch

        for place, request in enumerate(requests):
            messages = [{"role": role, "content": content} for role, content in request.messages]
            inputs = self.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(self.device)
            warm = self.spec.temperature > 0
            chance = (
                {"do_sample": True, "temperature": self.spec.temperature} if warm else {"do_sample": False}
            )
            with torch.random.fork_rng(), torch.inference_mode():
                torch.manual_seed(request.seed)
                out = self.model.generate(
                    **inputs,
                    max_new_tokens=self.spec.max_tokens,
                    pad_token_id=self.tokenizer.eos_token_id,
                    **chance,
                )
            size = inputs["input_ids"].shape[1]
            text = self.tokenizer.decode(out[0][size:], skip_special_tokens=True)
            done(place, Reply(text, int(size), int(out.shape[1] - size)))
