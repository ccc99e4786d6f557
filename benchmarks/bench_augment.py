"""Candidates a second of each local generator, all gates on, beside the bare library.

    python benchmarks/bench_augment.py --rows 10000
    python benchmarks/bench_augment.py --rows 40 --only contextual --model MASKED-MODEL
    python benchmarks/bench_augment.py --rows 40 --only paraphrase synthesize --model LANGUAGE-MODEL

Ours is the whole step with its default gates: protection, generation, every gate, near-duplicates and the frames, one try at each parent, in
as many processes as there are cores (the start of worker processes is part of the time). What is counted is candidates that were made
and measured; what was kept of them stands beside. The peer is nlpaug's own ``augment`` over the same prompts in one process (it
has no other way), with no protection and no gate; for back-translation it is the ``apertium`` command both ways, and for what a language model
writes transformers' ``generate`` for the same requests, one after the other (replies of 64 tokens at most). Prompts are about 600
characters, made of the bundled samples' sentences. Loading (imports, WordNet, the tagger) is timed apart and not part of the rate. The
share in gates (all measurements, near-duplicates among them) and the processor time of a candidate are those of one process over the first
2,000 prompts at most; a peer's processor time is that of all its processes. Rates are medians of the rounds, processor times the least.
"""

from __future__ import annotations

import sys

from harness import MACHINE, Contestant, compete, parser

MAKE = """
import json, random, re, sys, time
def prompts(count, seed=0):
    chance = random.Random(seed)
    lines = open("data/samples/finetome_sample.jsonl", encoding="utf-8")
    said = [t["value"] for l in lines for t in json.loads(l)["conversations"]]
    pool = [s for t in said if "```" not in t for s in re.findall(r"[A-Z][^.?!\\n|]{30,160}[.?!]", t)]
    made = []
    for _ in range(count):
        text = ""
        while len(text) < 600:
            text += chance.choice(pool) + " "
        made.append(text.strip())
    return made
def cpu():
    import resource
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, who))
name, count, model = sys.argv[3], int(sys.argv[4]), sys.argv[5]
llm = {"model": model, "max_tokens": 64, "temperature": 0}
how = {"contextual": {"model": model}, "paraphrase": {"llm": llm}, "synthesize": {"llm": llm}}.get(name, {})
texts = prompts(count)
"""
OURS = (
    MAKE
    + """
if __name__ == "__main__":
    import os
    from curation.augment.engine import Engine
    from curation.augment.judge import Judge
    from curation.augment.near import Near
    from curation.laws import run_step
    from curation.recipe import step_from
    from curation.rows import make_rows
    from curation.step import Context
    import polars as pl
    spent = {"gates": 0.0}
    def timed(plain):
        def inner(*given):
            started = time.perf_counter()
            try:
                return plain(*given)
            finally:
                spent["gates"] += time.perf_counter() - started
        return inner
    def rows(texts):
        talks = [[{"role": "user", "content": t}, {"role": "assistant", "content": "Yes. " + t[:200]}] for t in texts]
        made = make_rows(talks, source="s", categories=["x"] * len(talks))
        return made.with_columns(split=pl.lit("train"))
    def run(some, workers):
        step = step_from({"op": "augment", "category": "x", "rows": len(some), "generators": [{name: how}], "attempts": 1})
        data = rows(some)
        started = time.perf_counter()
        result = run_step(step, data, Context(seed=1, workers=workers))
        return result.summary["by category"]["x"], time.perf_counter() - started
    _, loading = run(texts[:20], 1)
    line, wall = run(texts, os.cpu_count() or 1)
    for owner, what in ((Judge, "quick"), (Judge, "slow"), (Near, "ask"), (Engine, "_settled")):
        setattr(owner, what, timed(getattr(owner, what)))
    before = cpu()
    by_itself, alone = run(texts[:2_000], 1)
    used = (cpu() - before) / by_itself["tried"] * 1000
    json.dump({"rate": line["tried"] / wall, "loading": loading, "kept": line["kept"] / line["tried"],
               "kept rate": line["kept"] / wall, "cpu": used, "gates": spent["gates"] / alone}, open(sys.argv[2], "w"))
"""
)
BARE = (
    MAKE
    + """
import subprocess
if name == "back_translation":
    def run(some):
        out = "\\n".join(some)
        for way in ("eng-spa", "spa-eng"):
            out = subprocess.run(["apertium", "-u", "-f", "line", way], input=out, capture_output=True, text=True).stdout
        return out
elif name in ("paraphrase", "synthesize"):
    from types import SimpleNamespace
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from curation.augment.generators.base import Seed
    from curation.augment.generators.rewrite import Rewriter
    from curation.augment.generators.synthesize import Synthesizer
    tokenizer, network = AutoTokenizer.from_pretrained(model), AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    client = SimpleNamespace(model=SimpleNamespace(identity=""))
    def run(some):
        if name == "paraphrase":
            asked = Rewriter(client, "paraphrase", ()).requests(some, range(len(some)))
        else:
            talks = [[{"role": "user", "content": t}, {"role": "assistant", "content": "Yes. " + t[:200]}] for t in some]
            shown = range(1, min(4, len(talks)))
            seeds = [Seed(talk, tuple(talks[(at + n) % len(talks)] for n in shown), "x") for at, talk in enumerate(talks)]
            asked = Synthesizer(client, "self_instruct", "", (), ()).requests(seeds, range(len(some)))
        for one in asked:
            said = [{"role": role, "content": text} for role, text in one.messages]
            ids = tokenizer.apply_chat_template(said, add_generation_prompt=True, return_tensors="pt", return_dict=True)
            with torch.inference_mode():
                network.generate(**ids, max_new_tokens=64, do_sample=False)
elif name == "contextual":
    import nlpaug.augmenter.word as naw
    from nlpaug.model.lang_models import Bert
    Bert.token2id = lambda self, token: self.tokenizer.convert_tokens_to_ids(token)
    Bert.id2token = lambda self, number: self.tokenizer.convert_ids_to_tokens(number)
    aug = naw.ContextualWordEmbsAug(model_path=model, model_type="bert", aug_p=0.1, device="cpu")
    run = lambda some: [aug.augment(one) for one in some]
else:
    import nlpaug.augmenter.char as nac
    import nlpaug.augmenter.word as naw
    aug = {"synonym": lambda: naw.SynonymAug(aug_p=0.1), "spelling": lambda: naw.SpellingAug(aug_p=0.1),
           "keyboard": lambda: nac.KeyboardAug(aug_word_p=0.1, aug_char_max=1), "split": lambda: naw.SplitAug(aug_p=0.1),
           "swap": lambda: naw.RandomWordAug(action="swap", aug_p=0.1),
           "delete": lambda: naw.RandomWordAug(action="delete", aug_p=0.1)}[name]()
    run = aug.augment
started = time.perf_counter()
run(texts[:2])
loading = time.perf_counter() - started
started, before = time.perf_counter(), cpu()
run(texts)
wall, used = time.perf_counter() - started, cpu() - before
json.dump({"rate": count / wall, "loading": loading, "cpu": used / count * 1000}, open(sys.argv[2], "w"))
"""
)
NAMES = ["synonym", "spelling", "keyboard", "swap", "delete", "split", "back_translation"]


def main() -> None:
    """Measure and print."""
    arguments = parser(str(__doc__))
    arguments.add_argument(
        "--model", default="", help="the folder that contextual, paraphrase, synthesize want"
    )
    options = arguments.parse_args()
    count = options.rows if options.rows != 100_000 else 10_000
    print(f"{count} prompts of about 600 characters, {MACHINE}, median of {options.rounds}\n")
    print(
        "| generator | ours, candidates/s | kept | kept/s | share in gates | bare, texts/s | x bare | CPU ms each, ours | bare | peak MB |"
        "\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    for name in options.only or NAMES:
        # a program in a file: spawned workers can't import one that was given by -c
        ours, bare = Contestant("ours", as_file(OURS)), Contestant("bare", BARE)
        rates: dict[str, list[float]] = {"ours": [], "bare": []}
        spent: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(options.rounds):
            for one in (ours, bare):
                compete([one], "-", 1, (name, str(count), options.model))
                if one.error is None:
                    rates[one.name].append(one.result["rate"])
                    spent[one.name].append(one.result["cpu"])
        if ours.error or bare.error:
            print(f"| {name} | failed: {ours.error or bare.error} |")
            continue
        a, b = (sorted(rates[who])[len(rates[who]) // 2] for who in ("ours", "bare"))
        found = ours.result
        print(
            f"| {name} | {told(a)} | {found['kept']:.0%} | {told(found['kept rate'])} | {found['gates']:.0%} | {told(b)} | {a / b:.2f} | {min(spent['ours']):.2f} | {min(spent['bare']):.2f} | {max(ours.peak):,.0f} |"
        )
        sys.stdout.flush()


def told(rate: float) -> str:
    """A rate in whole numbers, or with two decimals where it is small."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2f}"


def as_file(program: str) -> str:
    """A program that runs another from a file, under the name of the main module."""
    import tempfile
    from pathlib import Path

    path = Path(tempfile.mkdtemp()) / "contestant.py"
    path.write_text(program, encoding="utf-8")
    return f"import runpy; runpy.run_path({str(path)!r}, run_name='__main__')"


if __name__ == "__main__":
    main()
