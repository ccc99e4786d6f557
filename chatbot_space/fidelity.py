"""At start: would the model be given the very tokens that training gave it? If not, we don't start."""

from __future__ import annotations

from itertools import zip_longest

from chatbot_space.engine import Prompter
from chatbot_space.errors import FidelityError
from chatbot_space.template import with_system


def check_fidelity(prompter: Prompter) -> int:
    """Compare the prompt ids of every probe in ``run.json`` with ours; return how many were compared.

    Raises FidelityError, naming the first token that differs.
    """
    run = prompter.run
    if not run.probes:
        raise FidelityError(
            "run.json holds no probes, so nobody can tell whether the chat feeds the model as training did",
            where=str(run.folder),
            mend="Train with this Tomewright's version.",
        )
    for number, probe in enumerate(run.probes, 1):
        ours = prompter.ids(with_system(probe.messages, run.system_prompt))
        if ours == probe.input_ids:
            continue
        pairs = enumerate(zip_longest(probe.input_ids, ours))
        place, (theirs, mine) = next((place, pair) for place, pair in pairs if pair[0] != pair[1])
        raise FidelityError(
            f"probe {number}, token {place + 1}: training gave {_name(prompter, theirs)}, "
            f"the chatbot would give {_name(prompter, mine)}",
            where=str(run.folder / "run.json"),
            mend="The tokenizer or the template isn't the one of training; use the base model's revision that trained it.",
        )
    return len(run.probes)


def _name(prompter: Prompter, token_id: int | None) -> str:
    if token_id is None:
        return "nothing more"
    token = prompter.tokenizer.convert_ids_to_tokens(token_id)
    return f"{token!r} (id {token_id})"
