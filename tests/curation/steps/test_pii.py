"""pii: exact spans of each kind, what only looks alike, and columns without secrets."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from secrets_made_up import AWS, CARD, GITHUB, HUGGING_FACE, JWT, OPENAI, PRIVATE, SLACK, SWISS

from curation.pii_patterns import iban, luhn
from curation.rows import make_rows
from curation.step import Context
from curation.steps.pii import KINDS, Pii


def spans(text: str, **fields: Any) -> list[tuple[str, str]]:
    """(kind, what it covers) of one user turn."""
    rows = make_rows([[{"role": "user", "content": text}]], source="s")
    found = Pii(**fields).apply(rows, Context())["pii.spans"][0]
    return [(span["kind"], text[span["start"] : span["end"]]) for span in json.loads(found or "[]")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail ann.lee+news@mail.larkmail.net, please.", [("email", "ann.lee+news@mail.larkmail.net")]),
        ("邮箱是ann@larkmail.net。", [("email", "ann@larkmail.net")]),
        (
            "<bob@larkmail.net>;amy@larkmail.net",
            [("email", "bob@larkmail.net"), ("email", "amy@larkmail.net")],
        ),
        ("Call +44 20 8563 8692 today", [("phone", "+44 20 8563 8692")]),
        ("+34 612 34 98 71", [("phone", "+34 612 34 98 71")]),
        ("The number is 408-502-6188.", [("phone", "408-502-6188")]),
        ("(212) 415-5788", [("phone", "(212) 415-5788")]),
        ("1-800-784-8669", [("phone", "1-800-784-8669")]),
        ("Teléfono: 612 349 871", [("phone", "612 349 871")]),
        ("You can call them at 83770 02902.", [("phone", "83770 02902")]),
        ("contact me on 0410787999 or by mail", [("phone", "0410787999")]),
        ("电话：13912345876", [("phone", "13912345876")]),
        ("from 81.2.69.142 at noon", [("ip", "81.2.69.142")]),
        ("from 2a00:1450:4009:81f::200e at noon", [("ip", "2a00:1450:4009:81f::200e")]),
        (f"card {CARD}.", [("card", CARD)]),
        (f"card {CARD.replace(' ', '')}", [("card", CARD.replace(" ", ""))]),
        (f"IBAN {SWISS}, please", [("iban", SWISS)]),
        (f"key={AWS}", [("key", AWS)]),
        (f"token: {GITHUB}", [("key", GITHUB)]),
        (f"'{HUGGING_FACE}'", [("key", HUGGING_FACE)]),
        (f'api_key = "{OPENAI}"', [("key", OPENAI)]),
        (SLACK, [("key", SLACK)]),
        (f"Bearer {JWT}", [("key", JWT)]),
        ("postgres://lark:tR0ub4dor@db.larkmail.net/bikes", [("key", "tR0ub4dor")]),
        (f"see\n{PRIVATE}\nabove", [("key", PRIVATE)]),
        ("👍🏽 ann@larkmail.net", [("email", "ann@larkmail.net")]),
    ],
)
def test_what_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert spans(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "On 2021-01-01 03:00 and 12/31/1999, from 1914 to 1918.",
        "245-28-5-70-50 = 92 and 21000-18500 = 2500",
        "3.14159265358979323846 and 1415926535897932",
        "arn:aws:iam::123456789012:role/admin",
        "ISBN 978-3-16-148410-0 and 0-306-40615-2",
        "version 1.2.3.4, see section 10.2.13.4 of v10.20.30.40",
        "std::vector<int>::iterator a::b::c and 12:34:56 and 00:1b:44:11:3a:b7",
        "git@github.com:larkfield/bikes.git and user@host.py and @someone and a@b",
        "postgres://lark:secret@db.larkmail.net/bikes",
        "4539 1488 0343 6468 has a wrong last digit, 0000 0000 0000 0000 only one",
        "GB82 WEST 1234 5698 7654 33 has a wrong remainder",
        "sk-learn and sk-something-that-goes-on, ghp_short, hf_transfer, AKIASHORT",
        "x +12345678 and 5 + 1234567890, or +1234567890*x",
        "The population is 1 234 567 890, and the code is 123-4567.",
        "call(1234567890) and phone_number=12345",
    ],
)
def test_what_only_looks_alike(text: str) -> None:
    assert spans(text) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ann@example.com", "email"), ("ann@mail.example", "email"), ("you@larkmail.net", "email"),
        ("192.168.0.17", "ip"), ("10.0.0.12", "ip"), ("203.0.113.77", "ip"), ("2001:db8:1:2::17", "ip"),
        ("(555) 555-0142", "phone"), ("212-555-0142", "phone"), ("+1 212 555 0142", "phone"),
        ("4111 1111 1111 1111", "card"), ("GB82 WEST 1234 5698 7654 32", "iban"), ("AKIA" + "IOSFODNN7EXAMPLE", "key"),
    ],
)  # fmt: skip
def test_what_is_reserved_counts_only_if_asked(text: str, kind: str) -> None:
    assert spans(text) == []
    assert [found for found, _ in spans(text, reserved=True)] == [kind]


def test_counts_by_kind_and_turn() -> None:
    rows = make_rows(
        [
            [
                {"role": "user", "content": "I am ann@larkmail.net, also a@larkmail.net"},
                {"role": "assistant", "content": "No data."},
                {"role": "user", "content": "Call 408-502-6188"},
            ],
            [{"role": "user", "content": "nothing"}],
        ],
        source="s",
    )
    out = Pii().apply(rows, Context())
    assert out["pii.email"].to_list() == [2, 0]
    assert out["pii.phone"].to_list() == [1, 0]
    assert out["pii.total"].to_list() == [3, 0]
    assert json.loads(out["pii.spans"][0]) == [
        {"turn": 0, "start": 5, "end": 21, "kind": "email"},
        {"turn": 0, "start": 28, "end": 42, "kind": "email"},
        {"turn": 2, "start": 5, "end": 17, "kind": "phone"},
    ]
    assert out["pii.spans"][1] is None
    assert "pii.card" not in Pii(kinds=("email",)).apply(rows, Context()).columns


def test_a_stretch_is_claimed_once() -> None:
    assert spans(f"{SWISS}") == [("iban", SWISS)]
    assert spans("ann@81.2.69.142.larkmail.net") == [("email", "ann@81.2.69.142.larkmail.net")]


def test_annotations_hold_no_secret_either() -> None:
    rows = make_rows([[{"role": "user", "content": f"{GITHUB} ann@larkmail.net"}]], source="s")
    out = Pii().apply(rows, Context()).select(pl.col("^pii\\..*$"))
    assert GITHUB not in out.write_json()
    assert "larkmail" not in out.write_json()


def test_checks() -> None:
    assert luhn("4539148803436467")
    assert not luhn("4539148803436468")
    assert iban("CH9300762011623852957")
    assert not iban("CH9300762011623852958")
    assert not iban("CH93007620116238529577")
    assert not iban("XX9300762011623852957")


@given(st.text(alphabet="a1@.+-: ()[]\n4é好", max_size=60))
def test_spans_are_ordered_and_apart(text: str) -> None:
    rows = make_rows([[{"role": "user", "content": text}]], source="s")
    found = json.loads(Pii(reserved=True).apply(rows, Context())["pii.spans"][0] or "[]")
    places = [(span["start"], span["end"]) for span in found]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(first[1] <= second[0] for first, second in pairwise(places))
    assert {span["kind"] for span in found} <= set(KINDS)
