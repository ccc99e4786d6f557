"""redact: consistent placeholders, a ledger without secrets, and texts made to hurt."""

from __future__ import annotations

import json

import pytest
from secrets_made_up import AWS, CARD, GITHUB, JWT, OPENAI, PRIVATE, SWISS

from curation.laws import run_step
from curation.rows import make_rows
from curation.step import Context
from curation.steps.pii import Pii
from curation.steps.redact import Redact


def test_redact_is_consistent_in_one_conversation() -> None:
    rows = make_rows(
        [
            [
                {"role": "user", "content": f"Ann@larkmail.net or bob@larkmail.net, (408) 502-6188, {AWS}"},
                {
                    "role": "assistant",
                    "content": "So ann@larkmail.net, at 1-408-502-6188, not bob@larkmail.net.",
                },
            ],
            [{"role": "user", "content": "bob@larkmail.net"}],
            [{"role": "user", "content": "nothing here"}],
        ],
        source="s",
    )
    result = run_step(Redact(), rows, Context())
    texts = [[message["content"] for message in messages] for messages in result.rows["messages"].to_list()]
    assert texts == [
        ["[EMAIL_1] or [EMAIL_2], [PHONE_1], [KEY_1]", "So [EMAIL_1], at [PHONE_1], not [EMAIL_2]."],
        ["[EMAIL_1]"],
        ["nothing here"],
    ]
    assert result.ledger["row_id"].to_list() == rows["id"].to_list()[:2]
    assert result.summary == {"rows": 2}
    again = run_step(Redact(), result.rows, Context())
    assert again.ledger.is_empty()
    assert Pii(reserved=True).apply(result.rows, Context())["pii.total"].sum() == 0


def test_placeholders_that_stand_already_keep_their_meaning() -> None:
    rows = make_rows([[{"role": "user", "content": "[EMAIL_1] wrote to ann@larkmail.net"}]], source="s")
    out = run_step(Redact(), rows, Context()).rows
    assert out["messages"][0][0]["content"] == "[EMAIL_1] wrote to [EMAIL_2]"


def test_kinds_limit_what_is_replaced() -> None:
    rows = make_rows([[{"role": "user", "content": "ann@larkmail.net 408-502-6188"}]], source="s")
    out = run_step(Redact(kinds=("phone",)), rows, Context()).rows
    assert out["messages"][0][0]["content"] == "ann@larkmail.net [PHONE_1]"


def test_the_ledger_of_a_redaction_holds_no_secret() -> None:
    secrets = [
        "ann@larkmail.net",
        "408-502-6188",
        "81.2.69.142",
        CARD,
        SWISS,
        AWS,
        GITHUB,
        OPENAI,
        JWT,
        PRIVATE,
    ]
    rows = make_rows([[{"role": "user", "content": f"It is {secret} ."}] for secret in secrets], source="s")
    result = run_step(Redact(), rows, Context())
    written = result.ledger.write_json()
    assert result.ledger.height == len(secrets)
    for secret in secrets:
        assert secret not in written
        assert json.dumps(secret)[1:-1] not in written
    evidence = json.loads(result.ledger["evidence"][0])
    assert evidence == {"turns": [{"turn": 0, "after": "It is [EMAIL_1] ."}]}
    assert "pii.spans" not in result.rows.columns


@pytest.mark.parametrize(
    "text", ["a@a." * 50_000, "1" * 200_000, "eyJaaaaaaaaaaa-" * 10_000, "call " * 50_000, "a@b.co " * 20_000]
)
def test_hostile_texts_end_soon(text: str) -> None:
    rows = make_rows([[{"role": "user", "content": text}]], source="s")
    assert Redact(reserved=True).apply(rows, Context()).height == 1
