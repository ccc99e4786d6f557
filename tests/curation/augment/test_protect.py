"""Protection: what is found in real prose, code, maths and tables, and that nothing of it is ever altered."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curation.augment.patterns import LINES, PATTERNS
from curation.augment.protect import Refused, contents, masked, pieces, restored, verified
from curation.augment.spans import Marks, matches_of, seeker, spans

ROOT = Path(__file__).parents[3]
SAMPLES = [
    turn["value"]
    for line in (ROOT / "data/samples/finetome_sample.jsonl").read_text(encoding="utf-8").splitlines()
    for turn in json.loads(line)["conversations"]
]
FENCE = "```python\ndef f(x):\n    return x\n```"
CASES = [
    ("code", f"Look at this:\n\n{FENCE}\n\nWhy?", [FENCE]),
    ("code", "An open fence\n```\nx = 1", ["```\nx = 1"]),
    ("code", "Use `None` or ``a b`` here", ["`None`", "``a b``"]),
    ("code", "this fails\nfor i in range(3):\n    print(i)\nwhy?", ["for i in range(3):", "    print(i)"]),
    ("code", "fix it\nint x = f(2);\nplease", ["int x = f(2);"]),
    ("json", 'Parse {"a": [1, "x } y"]} now', ['{"a": [1, "x } y"]}']),
    ("json", "Sort [3, 1, 2] for me", ["[3, 1, 2]"]),
    ("latex", r"Solve $x^2 = 4$ and $$\int_0^1 x\,dx$$ now", ["$x^2 = 4$", r"$$\int_0^1 x\,dx$$"]),
    ("latex", r"so \(a+b\) and \[ c \] hold", [r"\(a+b\)", r"\[ c \]"]),
    ("latex", r"see \begin{align}a&=b\\ c&=d\end{align} there", [r"\begin{align}a&=b\\ c&=d\end{align}"]),
    ("placeholder", "Where is {{Order Number}} for ${name}?", ["{{Order Number}}", "${name}"]),
    ("url", "Visit https://a.example/b?c=d&e. Then larkfield.example/book, ok", ["https://a.example/b?c=d&e", "larkfield.example/book"]),
    ("e-mail", "Write to ann.lee@post.example today", ["ann.lee@post.example"]),
    ("tag", "a <b>bold</b> word <|im_end|>", ["<b>", "</b>", "<|im_end|>"]),
    ("table", "prices\n| a | b |\n|---|---|\nend", ["| a | b |", "|---|---|"]),
    ("path", "open /etc/hosts and src/a/b.py and notes.txt or C:\\tmp\\x", ["/etc/hosts", "src/a/b.py", "notes.txt", "C:\\tmp\\x"]),
    ("quote", "She said \"not now\" and 'later on' and “never”", ['"not now"', "'later on'", "“never”"]),
    ("identifier", "call foo(x, y) with max_size, camelCase and --verbose", ["foo(x, y)", "max_size", "camelCase", "--verbose"]),
    ("number", "It took 2.5 km in 40 minutes at £6 and 18:00, 50%, on the 3rd", ["2.5 km", "40 minutes", "£6", "18:00", "50%", "3rd"]),
    ("number", "weigh 120 g, −5 °C, 1,000,000 and 10^6 or 3e-4", ["120 g", "−5 °C", "1,000,000", "10^6", "3e-4"]),
    ("name", "why did Marie Curie and the BBC go to Paris?", ["Marie Curie", "BBC", "Paris"]),
    ("code", "so ``a `b` c`` stays one", ["``a `b` c``"]),
    ("json", 'Here: {"a": {"b": [1, {"c": "d e"}]},\n "e": null} and more', ['{"a": {"b": [1, {"c": "d e"}]},\n "e": null}']),
    ("latex", r"see \begin{equation}\begin{split}a&=b\\ c&=d\end{split}\end{equation} there", [r"\begin{equation}\begin{split}a&=b\\ c&=d\end{split}\end{equation}"]),
    ("latex", "why\n\\begin{cases}\nx & y \\\\\n\\end{cases}\nthen", ["\\begin{cases}\nx & y \\\\\n\\end{cases}"]),
    ("latex", r"the angle \alpha and \frac{a}{b} of \textbf{bold}", [r"\alpha", r"\frac{a}{b}", r"\textbf{bold}"]),
    ("placeholder", "Ask {{ name }} or {% if x %}, {customer_name}, [Your Name], [insert the date], %s and $HOME now",
     ["{{ name }}", "{% if x %}", "{customer_name}", "[Your Name]", "[insert the date]", "%s", "$HOME"]),
    ("url", "from example.com or www.post.example/a_b, not elsewhere", ["example.com", "www.post.example/a_b"]),
    ("table", "read\na | b\n--- | ---:\none | two\nthree | four\n\nwhy?", ["a | b\n--- | ---:\none | two\nthree | four"]),
    ("quote", "she said “a ‘nested’ one” and ‘it’s “fine” then’ or \"he's 'odd'\"", ["“a ‘nested’ one”", "‘it’s “fine” then’", "\"he's 'odd'\""]),
    ("quote", "sie sagte „gut“, er «bien „oui“ ça» und 「そう」", ["„gut“", "«bien „oui“ ça»", "「そう」"]),
    ("identifier", "call os.path.join and self.model.fit in C++ or C# with .NET", ["os.path.join", "self.model.fit", "C++", "C#", ".NET"]),
    ("number", "from v1.2.3 to 3.11.7-rc1 of 1.26.4", ["v1.2.3", "3.11.7-rc1", "1.26.4"]),
    ("number", "es wiegt 3,5 Kilogramm, 12 Stunden und 2.000 Euro", ["3,5 Kilogramm", "12 Stunden", "2.000 Euro"]),
    ("number", "tarda 3 horas y 5 días; pesa 4 kilos o 20 euros", ["3 horas", "5 días", "4 kilos", "20 euros"]),
    ("number", "dure 3 heures, 10 jours et 20 € ou 2 kilomètres", ["3 heures", "10 jours", "20 €", "2 kilomètres"]),
    ("number", "весит 5 кг и стоит 20 рублей, через 3 часа", ["5 кг", "20 рублей", "3 часа"]),
    ("number", "它重5公斤,需要3小时", ["它重5公斤", "需要3小时"]),
    ("code", "read\n> ```py\n> x y\n> ```\nand\n- ```\n  a b\n  ```\nwhy?", ["> ```py\n> x y\n> ```", "- ```\n  a b\n  ```"]),
    ("code", "one\r\n```\r\na b\r\n```\r\ntwo", ["```\r\na b\r\n```\r"]),
    ("code", "make <code>the one</code> and <pre class=x>a\nb</pre> <!-- not\nseen --> stay", ["<code>the one</code>", "<pre class=x>a\nb</pre>", "<!-- not\nseen -->"]),
    ("tag", "fish &amp; chips &#8364; &nbsp;and a & b; too", ["&amp;", "&#8364;", "&nbsp;"]),
    ("placeholder", "from {Order Number}, {0}, {}, {{{raw}}}, %name% to [name] or [the city], not [a link](b)",
     ["{Order Number}", "{0}", "{}", "{{{raw}}}", "%name%", "[name]", "[the city]"]),
    ("url", "see https://a.example/b_(c) (or http://a.example/d) and en.a.org/b_(c).", ["https://a.example/b_(c)", "http://a.example/d", "en.a.org/b_(c)"]),
    ("path", "in C:\\My Files\\an old one\\x.txt and \\\\host\\share\\a b\\c now", ["C:\\My Files\\an old one\\x.txt", "\\\\host\\share\\a b\\c"]),
    ("quote", 'say »so«, ›so‹, ‹so›, \'\'so\'\', ``so\'\' or """so\nand so""" now', ["»so«", "›so‹", "‹so›", "\'\'so\'\'", "``so\'\'", '"""so\nand so"""']),
    ("quote", f'say "{"so " * 400}" now', [f'"{"so " * 400}"']),
    ("number", "at 100 km/h or 3×10^8 m/s, a 10-year-old of 5 p.m. for $3.2 billion a 5-kg bag",
     ["100 km/h", "3×10^8 m/s", "10-year", "5 p.m.", "$3.2 billion", "5-kg"]),
    ("number", "why is x² + y² = z³ of m₂", ["x²", "y²", "z³", "m₂"]),
    ("number", "it is 300 K, 10 kΩ, 5 million dollars/month and £5/month", ["300 K", "10 kΩ", "5 million dollars/month", "£5/month"]),
    ("name", "why did the R&D of AT&T call UNESCO and CO₂ so?", ["R&D", "AT&T", "UNESCO", "CO₂"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "want"), CASES)
def test_what_is_found(kind: str, text: str, want: list[str]) -> None:
    found = spans(text)
    assert [text[span.start : span.end] for span in found] == want
    assert {span.kind for span in found} == {kind}


def test_a_name_behind_a_number_is_one() -> None:
    assert contents("on 1 May with an iPhone 15 Pro") == ["1", "May", "iPhone", "15", "Pro"]


def test_terms_are_whole_words_in_any_case() -> None:
    assert contents("the night rack and the Night Rack, not knight racks", ["night rack"]) == [
        "night rack",
        "Night Rack",
    ]


def test_plain_prose_is_free() -> None:
    text = "Can I move my hire from the morning to the afternoon without paying again? It's late, isn't it."
    assert spans(text) == []
    assert pieces(text) == [(text, True)]


def test_layout_is_kept_out_of_reach() -> None:
    text = "First line \n\n- a point\n  > quoted\n## Head\nlast "
    prose = [part for part, free in pieces(text) if free]
    assert prose == ["First line", "a point", "quoted", "Head", "last"]


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("take {1} and {2}", None),
        ("take {2} and {1}", "protected out of order: '7 km'"),
        ("take {1}", "protected lost: '7 km'"),
        ("take {1} {1} and {2}", "protected repeated: '5 km'"),
        ("take {1} and {2} and 9", "protected made up: '9'"),
        ('take {1} "and {2}"', "protected altered: '7 km' became '\"and 7 km\"'"),
    ],
)
def test_restored_or_the_reason(out: str, reason: str | None) -> None:
    text = "go 5 km then 7 km"
    it = masked(text)
    one, two = it.markers
    result = restored(text, it, out.replace("{1}", one).replace("{2}", two))
    if reason is None:
        assert result == "take 5 km and 7 km"
    else:
        assert result == Refused(reason)


def test_markers_are_new_to_the_text() -> None:
    text = "XQ01QX is a word and 5 km too, XZ01ZX"
    it = masked(text)
    assert not any(marker in text for marker in it.markers)
    assert restored(text, it, it.text) == text


ODD = ["", " ", "\n", "```", "`", "$", "$$", "{{", "}}", '"', "'", "{", "[", "\\(", "\\", "|", "<", ">", "@", "5 km", "x_y", "XQ01QX",
       "é", "你好", "עברית", "👍🏽", "a", "word", "Name", "http://a.b/c", "- ", "\t", "/", ".", ",", "1", "~~~", "a(b)", "\x00", "\u2028"]  # fmt: skip
TEXT = st.one_of(
    st.text(max_size=60), st.lists(st.sampled_from(ODD), max_size=25).map("".join), st.sampled_from(SAMPLES)
)


@given(TEXT)
def test_pieces_join_to_the_text_and_masks_lift(text: str) -> None:
    assert "".join(part for part, _ in pieces(text)) == text
    it = masked(text)
    for marker in it.markers:
        assert it.text.count(marker) == 1
    assert restored(text, it, it.text) == text


@given(TEXT, st.randoms(use_true_random=False))
@example("", random.Random(0))
def test_any_generator_leaves_spans_alone_or_is_refused(text: str, chance: random.Random) -> None:
    """The generator is hostile: it drops, doubles, swaps and invents pieces of the masked text."""
    it = masked(text)
    parts = list(it.text.split(" "))
    for _ in range(3):
        place = chance.randrange(len(parts))
        parts[place] = chance.choice([*ODD, parts[chance.randrange(len(parts))], parts[place] * 2])
    out = restored(text, it, " ".join(parts))
    if isinstance(out, Refused):
        assert out.reason.startswith("protected ")
    else:
        assert contents(out) == contents(text)


@given(TEXT, st.randoms(use_true_random=False))
def test_changed_prose_between_spans(text: str, chance: random.Random) -> None:
    parts = pieces(text)
    out = "".join(chance.choice([part.upper(), "new " + part, ""]) if free else part for part, free in parts)
    result = verified(text, out)
    if not isinstance(result, Refused):
        assert contents(result) == contents(text)


PIECES = [
    *ODD,
    *(text for _, text, _ in CASES),
    "é.com",
    "a.b/c.d",
    "and/or.",
    "he/she",
    "./a",
    "C:\\x",
    "a(",
    ")",
    "_a",
    "aB",
    "@x",
    "C#",
    "--a",
    ".NET",
    "x²",
    "٣",
    "v1.2",
    "+5",
    "€",
    "p.m.",
    "&amp;",
    "\\\\a b\\",
    "http://(",
    "> ```",
]


@given(st.one_of(TEXT, st.lists(st.sampled_from(PIECES), max_size=12).map("".join)))
def test_what_is_quickly_looked_for_hides_nothing(text: str) -> None:
    marks = Marks.of(text)
    for pattern in PATTERNS:
        if pattern.pattern is LINES:
            continue
        matches = [one.span() for one in pattern.pattern.finditer(text)]
        assert [
            one.span() for one in matches_of(pattern, text, seeker(pattern, text, marks), 0, len(text))
        ] == matches
        assert not matches or not marks.signs.isdisjoint(pattern.signs)


HOSTILE = ["\\a{", "a|", "a | b\n", "-|-\n", "«", "“", "„a", "‘a’b", "{a", "{%", "v1.", "1.1-", "$a", "%(", "R&", "1 кило", "1 Kilo", '{"', "a", "`", "$", "'a", "1.", "/a", "\\(", "\\[", "<a", "a@", "a.b", "_", "A ", "\\begin{a}", " ", "\n", "1 ", "a_b(", "-a",
           "{{", '"a\n', "Aa", "a A", "1-", "www.", '[{"a":', "# \n", "- \n",
           "<code>", "<!--", "»a", "‹a", "''a", "``a", '"""', "(a", "a.com/(", "\\\\a\\ ", "C:\\a ", "> ```", "1) ```", "&a", "%a", "[a", "1^", "1 m/", "1 million "]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hundred_thousand_characters_of_anything(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    assert "".join(part for part, _ in pieces(text)) == text
