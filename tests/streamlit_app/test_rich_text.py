"""Untrusted text as HTML: nothing but our own tags, whatever comes in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlit_app.components.rich_text import MATH_TAGS, Mark, math, plain, to_html
from streamlit_app.components.shell import label

OURS = {"span", "div", "pre", "code", "mark", *MATH_TAGS}
TAG = re.compile(r"<\s*/?\s*([a-zA-Z][a-zA-Z0-9]*)")


@given(st.text(alphabet=st.sampled_from("<>&\"'`$\\()[]{}abimgsrc=/ \n!\u202e\x00x"), max_size=200))
def test_only_our_tags_come_out(text: str) -> None:
    assert {tag.lower() for tag in TAG.findall(to_html(text))} <= OURS


@given(st.text(max_size=300))
def test_plain_text_comes_through_as_it_is(text: str) -> None:
    import html

    shown = re.sub(r'<span class="tw-hidden">([0-9A-F]+)</span>', lambda m: chr(int(m[1], 16)), plain(text))
    assert html.unescape(shown) == html.unescape(html.escape(text))


@pytest.mark.parametrize(
    "text",
    [
        "$$\\text{<img src=x onerror=alert(1)>}$$",
        "$\\href{javascript:alert(1)}{x}$",
        "\\(\\text{</math><script>1</script>}\\)",
    ],
)
def test_formulas_smuggle_nothing_in(text: str) -> None:
    shown = to_html(text)
    assert "<img" not in shown
    assert "<script" not in shown
    assert "href=" not in re.sub(r'title="[^"]*"', "", shown)


def test_code_and_formulas_are_set() -> None:
    shown = to_html("See `x` and\n```python\nprint(1)\n```\nso $a^2$.")
    assert '<code class="tw-tick">x</code>' in shown
    assert '<span class="tok-nb">print</span>' in shown
    assert "<msup><mi>a</mi><mn>2</mn></msup>" in shown


def test_money_is_no_formula() -> None:
    assert "<math" not in to_html("It costs $5 now and $7 then.")


def test_an_unreadable_formula_stays_text() -> None:
    assert math("\\begin{", block=False) is None
    assert to_html("$\\begin{$") == "$\\begin{$"


def test_marks_underline_their_span_and_say_why() -> None:
    shown = to_html("mail a@b.c now", [Mark(5, 10, "pii", 'pii: "email"')])
    assert shown == 'mail <mark class="tw-mark tw-mark-pii" title="pii: &quot;email&quot;">a@b.c</mark> now'


def test_a_huge_text_is_cut_and_says_so() -> None:
    assert "170,000 more characters" in to_html("x" * 200_000)


@pytest.mark.parametrize("text", ["http://evil.invalid/a", "see HTTPS://x.y", "www.evil.invalid", "me@evil.invalid", "![a](http://e.f/x.png)"])  # fmt: skip
def test_a_label_is_no_markdown_and_no_address_a_link(text: str) -> None:
    shown = label(text)
    assert re.sub(r"\\(.)", r"\1", shown).replace("\u2060", "") == text
    bare = re.sub(r"\\(.)", r"\1", shown)
    assert not re.search(r"(?i)https?://|www\.|\w@\w", bare)
    assert not re.search(r"(?<!\\)[\[\]()!*_`<>]", shown)


def test_a_label_of_plain_words_is_left_for_screen_readers() -> None:
    assert label("code-help 2.0, don't") == "code-help 2.0, don't"
    assert label("- a") == r"\- a"
    assert label("1. a") == r"1\. a"
