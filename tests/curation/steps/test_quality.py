"""quality: every signal on texts that show it and on texts that only look alike."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from curation.repetition import repeated_share
from curation.rows import make_rows
from curation.step import Context
from curation.steps.quality import FLAGS, Quality

pytest.importorskip("ftfy", reason="quality needs the package ftfy")

PROMPT = "Tell me about the river that runs through the town."
GOOD = "It rises in the hills and runs west. Two bridges cross it, and barges still use it in spring."


def judged(answer: str | None = GOOD, prompt: str = PROMPT, **fields: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": prompt}]
    return of([*turns, {"role": "assistant", "content": answer}] if answer is not None else turns, **fields)


def of(
    messages: list[dict[str, str]], columns: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    rows = make_rows([messages], source="s").with_columns(
        pl.lit(value).alias(name) for name, value in (columns or {}).items()
    )
    return Quality(**fields).apply(rows, Context()).row(0, named=True)


def flags(answer: str | None = GOOD, prompt: str = PROMPT, **fields: Any) -> str:
    return str(judged(answer, prompt, **fields)["quality.flags"])


def test_a_good_answer_raises_nothing() -> None:
    found = judged()
    assert found["quality.flags"] == ""
    assert [
        found[f"quality.{name}"]
        for name in FLAGS
        if name not in ("symbols", "digits", "repeated", "wrong_language")
    ] == [False] * 9
    assert found["quality.wrong_language"] is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, "empty_answer,user_last"),
        ("", "empty_answer"),
        (" \n ", "empty_answer"),
        ("Yes.", "one_word"),
        ("是", "one_word"),
        ("是的", ""),
    ],
)
def test_empty_and_one_word_answers(answer: str | None, expected: str) -> None:
    assert flags(answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        GOOD + " The third bridge was built in the nineteenth century by",
        GOOD
        + " The third bridge was built in the nineteenth century, when trade along it was still growing fast and",
        GOOD + " There is a mill on its bank, a weir above the mill, and,",
        "El río nace en las colinas y corre hacia el oeste. Dos puentes lo cruzan, y las barcas todavía lo usan en la",
    ],
)
def test_answers_that_break_off(answer: str) -> None:
    assert flags(answer) == "no_end"


@pytest.mark.parametrize(
    "answer",
    [
        GOOD + " 🎉",
        GOOD + ")",
        "Things to see:\n- the old bridge\n- the mill\n- the weir above the mill",
        "河流发源于山区，向西流经城镇。两座桥横跨其上，春天仍有驳船通行，沿岸还有一座古老的磨坊和一座教堂。",
        "แม่น้ำสายนี้มีต้นกำเนิดจากภูเขาและไหลไปทางทิศตะวันตก มีสะพานสองแห่งข้ามแม่น้ำ และเรือยังคงใช้ในฤดูใบไม้ผลิ",
        "Is it long? It is. ¿Es largo? Sí, lo es, y mucho más de lo que parece desde el puente viejo de la ciudad.",
        "Here is the code:\nlet river = { name: 'Lark', bridges: 2 };\nconsole.log(river.name, river.bridges);",
        "Here is how it is done in a few lines of code.\ndef river(name):\n    return name.title() if name else 'the river without a name'",
        GOOD + "    National Institute of Rivers and Lakes",
        "The answer is 42",
        GOOD + "\n\nWith kind regards,",
    ],
)
def test_answers_that_end_well(answer: str) -> None:
    assert flags(answer) == ""


def test_open_fence() -> None:
    assert flags("Here is the code that you wanted:\n```python\nprint('river')\n") == "open_fence"
    assert flags("Here is the code that you wanted:\n```python\nprint('river')\n```\nDone.") == ""
    assert flags("Use ``` to open a fence, and again to close it.") == ""


def test_an_open_fence_in_an_earlier_answer_counts() -> None:
    turns = [("user", "a b c"), ("assistant", "```\nx = 1"), ("user", "d e f"), ("assistant", "```\ny = 2\n")]
    assert of([{"role": role, "content": text} for role, text in turns])["quality.open_fence"] is True


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that request.",
        "I cannot assist with that. Please ask something else.",
        "Sorry, I can't provide legal advice in this matter.",
        "I must respectfully decline to answer this one.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Je suis désolé, mais je ne peux pas répondre à cette question.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "抱歉，我无法提供这方面的帮助。",
    ],
)
def test_refusals(answer: str) -> None:
    assert flags(answer) == "refusal"


@pytest.mark.parametrize(
    "answer",
    [
        "I can't believe how much I love this river! It runs west, and two bridges cross it.",
        "I'm sorry to hear that. Here is what you can do about the flooded cellar.",
        "I apologize, but the reservation couldn't be made. Shall I try another day?",
        "She said that she could not help him, and the river went on its way.",
        "Unfortunately, the bridge cannot be crossed by lorries.",
    ],
)
def test_no_refusals(answer: str) -> None:
    assert judged(answer)["quality.refusal"] is False


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("As an AI language model, I don't have feelings about rivers.", "refusal,self_description"),
        ("I am an AI assistant, and I like to talk about rivers.", "self_description"),
        ("I was trained by OpenAI on a great deal of text.", "self_description"),
        ("As of my last knowledge update, the bridge was closed.", "self_description"),
        ("Como modelo de lenguaje, no tengo una opinión sobre el río.", "refusal,self_description"),
        ("作为一个人工智能，我喜欢河流。", "self_description"),
        ("The company sells an AI product for rivers, and OpenAI is its partner.", ""),
        ("She works as an artist, and paints the river.", ""),
    ],
)
def test_self_descriptions(answer: str, expected: str) -> None:
    assert flags(answer) == expected


def test_echo_wants_the_whole_prompt() -> None:
    assert flags(f"{PROMPT} {GOOD}") == "echo"
    assert flags(f"{PROMPT[:-2]} {GOOD}") == ""
    assert flags("Hi there! Good day.", prompt="Hi there!") == ""


def test_user_last() -> None:
    turns = [("user", "Hello there"), ("assistant", GOOD), ("user", "Thank you, and now?")]
    assert of([{"role": role, "content": text} for role, text in turns])["quality.flags"] == "user_last"


def test_repeated_share_is_exact() -> None:
    # 12 words, 3-grams: 10 of them, of which a b c, b c a and c a b are distinct
    assert judged("a b c " * 4, ngram=3)["quality.repeated"] == pytest.approx(0.7)
    assert flags("the river runs and runs and " * 12) == "no_end,repeated"
    assert judged("one two three four", ngram=5)["quality.repeated"] == 0
    shares = repeated_share(pl.Series(["x y x y x y", "", "好好好好好好", None]), 2).to_list()
    assert shares == pytest.approx([0.6, 0.0, 0.8, 0.0])


def test_symbols_and_digits() -> None:
    found = judged("ab12#!")
    assert (found["quality.symbols"], found["quality.digits"]) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert judged("ab12#!", symbols=1 / 3, digits=0.34)["quality.flags"] == "one_word,symbols"
    assert judged("١٢٣")["quality.digits"] == 1


def test_broken_encoding() -> None:
    assert flags("It doesnâ€™t run west. It runs east, they say.") == "broken_encoding"
    assert flags("It doesn\ufffdt run west. It runs east, they say.") == "broken_encoding"
    assert flags("Ça va très bien, à côté de l’église. ÂGE: 3.") == ""
    french = "They met at the sign “CAFÉ” and went on to the river."
    assert judged(french, encoding="pattern")["quality.broken_encoding"] is True
    assert judged(french)["quality.broken_encoding"] is False


SIDES = {
    "language.user": "en", "language.user_confidence": 0.95, "language.assistant": "es",
    "language.assistant_confidence": 0.95, "language.mixed": True,
}  # fmt: skip
SPANISH = "El río nace en las colinas y corre hacia el oeste."


@pytest.mark.parametrize(
    ("prompt", "columns", "expected"),
    [
        (PROMPT, SIDES, True),
        (PROMPT, SIDES | {"language.mixed": False}, False),
        (PROMPT, SIDES | {"language.user_confidence": 0.8}, False),
        ("Answer in Spanish: what about the river?", SIDES, False),
        ("Answer in French: what about the river?", SIDES, True),
        ("Translate this sentence into German, please.", SIDES, True),
        ("Translate this sentence into Spanish, please.", SIDES, False),
        ("Responde en inglés: ¿y el río?", SIDES | {"language.user": "es", "language.mixed": False}, True),
        ("What is the language of this town?", SIDES, False),
    ],
)
def test_wrong_language(prompt: str, columns: dict[str, Any], expected: bool) -> None:
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": SPANISH}]
    assert of(turns, columns)["quality.wrong_language"] is expected


def test_a_translation_that_is_explained_is_left_alone() -> None:
    turns = [
        {"role": "user", "content": "Translate 'peace' into French."},
        {"role": "assistant", "content": "The French word for 'peace' is 'paix'."},
    ]
    assert of(turns, SIDES | {"language.assistant": "en"})["quality.wrong_language"] is False


def test_the_datasets_own_score() -> None:
    assert of([], {"score": 4})["quality.score"] == 4.0
    assert of([], {"score": "high"})["quality.score"] is None
    assert of([], {"grade": 2.5}, score="grade")["quality.score"] == 2.5
    assert of([], {"score": 4}, score=None)["quality.score"] is None


def test_flags_are_sorted_and_each_row_has_its_own() -> None:
    rows = make_rows(
        [
            [{"role": "user", "content": "a"}],
            [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": GOOD}],
            [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "Lo siento, no puedo ayudar"},
            ],
        ],
        source="s",
    )
    assert Quality().apply(rows, Context())["quality.flags"].to_list() == [
        "empty_answer,user_last",
        "",
        "refusal",
    ]
    assert list(FLAGS) == sorted(FLAGS)
