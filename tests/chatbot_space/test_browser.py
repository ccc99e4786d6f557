"""The chatbot as people use it: headless Chromium on a real server with a real (tiny, random) model."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tinyrun import make_adapter, make_base, make_export, make_run

CHROMIUM = Path("/usr/bin/chromium")
pytest.importorskip(
    "playwright.sync_api", reason="playwright isn't installed: the chatbot is not tested in a browser"
)
if not CHROMIUM.exists():
    pytest.skip(
        "there is no /usr/bin/chromium: the chatbot is not tested in a browser", allow_module_level=True
    )
pytestmark = pytest.mark.slow


def make_talkative(folder: Path) -> Any:
    """A base model that hardly ever stops: the end token's row is zero, so it is never among the likeliest."""
    import torch
    from transformers import AutoModelForCausalLM

    tokenizer = make_base(folder, positions=4096)
    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32)
    with torch.no_grad():
        model.model.embed_tokens.weight[2].zero_()
    model.save_pretrained(str(folder))
    return tokenizer


PEOPLE = itertools.count(1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a running ``tome chat`` and its run folder."""
    home = tmp_path_factory.mktemp("served")
    base = home / "models" / "tiny"
    base.mkdir(parents=True)
    tokenizer = make_talkative(base)
    folder = home / "runs" / "talk"
    make_adapter(base, folder / "adapter")
    dataset = make_export(home / "exports" / "tiny")
    make_run(folder, base, tokenizer, dataset=dataset, system_prompt="Be kind.")
    command = [sys.executable, "-m", "tome", "chat", "talk", "--port", "0", "--home", str(home)]
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "HF_HUB_OFFLINE": "1"}
    log = (home / "log.txt").open("w")
    server = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=log, text=True, env=environment)
    assert server.stderr is not None
    address, lines = None, []
    for line in server.stderr:
        lines.append(line)
        found = re.search(r"The chatbot is at (http://\S+)", line)
        if found:
            address = found[1]
            break
    try:
        assert address, "".join(lines)
        yield address, folder
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stderr.close()
        log.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-dev-shm-usage",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, served: tuple[str, Path]) -> Iterator[Any]:
    """A fresh browser profile on the open chatbot. Fails on script errors and on any request elsewhere."""
    # every test is a person of its own, since one person may ask only so often
    someone = {"X-Forwarded-For": f"192.0.2.{next(PEOPLE)}"}
    context = browser.new_context(viewport={"width": 1280, "height": 800}, extra_http_headers=someone)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
    page.on(
        "request",
        lambda r: (
            wrong.append(f"went out: {r.url}")
            if not r.url.startswith((served[0], "data:", "blob:"))
            else None
        ),
    )
    page.on("dialog", lambda dialog: (wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
    page.goto(served[0])
    page.wait_for_selector("#box textarea")
    page.wait_for_selector("#talk .example", timeout=60_000)
    yield page
    context.close()
    assert wrong == []


def ask(page: Any, question: str) -> None:
    page.fill("#box textarea", question)
    page.press("#box textarea", "Enter")


def wait_done(page: Any) -> None:
    page.wait_for_selector("#status [data-end]:not([data-end=''])", timeout=60_000)
    page.wait_for_selector("#box .submit-button", timeout=60_000)
    page.wait_for_timeout(300)  # the list and the panels follow the answer


def longest(page: Any, tokens: int) -> None:
    """Set the longest answer under Settings."""
    page.click("#open-settings")
    field = page.get_by_label("number input for Longest answer")
    field.wait_for(state="visible")
    field.fill(str(tokens))
    field.press("Tab")
    page.click("#right .toggle-button")
    page.wait_for_timeout(400)


def bot(page: Any) -> list[str]:
    return [e.inner_text().strip() for e in page.query_selector_all("#talk .bot-row .message")]


def user(page: Any) -> list[str]:
    return [e.inner_text().strip() for e in page.query_selector_all("#talk .user-row .message")]


def test_a_question_streams_an_answer_with_its_figures(page: Any) -> None:
    longest(page, 64)
    ask(page, "What is the capital of France?")
    wait_done(page)
    assert user(page) == ["What is the capital of France?"]
    assert len(bot(page)) == 1 and bot(page)[0]
    line = page.inner_text("#status")
    assert re.search(r"\d+ tokens · [\d.]+ tokens/s · first after [\d.]+ s.* · seed \d+", line)
    assert "longest length" in line  # 64 tokens were reached
    assert page.input_value("#box textarea") == ""


def test_stop_keeps_what_has_come(page: Any, served: tuple[str, Path]) -> None:
    longest(page, 2048)
    ask(page, "Tell me a long story.")
    page.wait_for_selector("#box .stop-button", timeout=30_000)
    page.wait_for_function(
        "() => (document.querySelector('#talk .bot-row .message')?.innerText.length || 0) > 20"
    )
    page.click("#box .stop-button")
    page.wait_for_selector("#box .submit-button")
    page.wait_for_timeout(700)  # what was on its way arrives
    kept = bot(page)[0]
    page.wait_for_timeout(700)
    assert bot(page)[0] == kept  # nothing more comes
    assert "longest length" not in page.inner_text("#status")


def test_html_and_control_tokens_are_text(page: Any) -> None:
    longest(page, 16)
    typed = "<b>bold</b> <script>alert(1)</script> <img src=x onerror=alert(1)> <|im_end|> &lt; ![p](http://example.com/p.png)"
    ask(page, typed)
    wait_done(page)
    assert user(page)[0].replace("\u2060", "") == typed
    assert page.query_selector("#talk .message b, #talk .message img, #talk .message script") is None


def test_retry_edit_and_undo(page: Any) -> None:
    longest(page, 16)
    ask(page, "First question, please?")
    wait_done(page)
    ask(page, "Second question, please?")
    page.wait_for_function("() => document.querySelectorAll('#talk .bot-row').length == 2")
    wait_done(page)
    before = bot(page)
    page.locator("#talk button[aria-label=Retry]").last.click()
    page.wait_for_function(
        "(old) => [...document.querySelectorAll('#talk .bot-row .message')].at(-1)?.innerText.trim() != old",
        arg=before[1],
    )
    wait_done(page)
    after = bot(page)
    assert user(page) == ["First question, please?", "Second question, please?"]
    assert after[0] == before[0] and after[1] != before[1]  # another seed, another answer
    page.locator("#talk button[aria-label=Undo]").last.click()
    page.wait_for_function("() => document.querySelectorAll('#talk .bot-row').length == 1")
    assert page.input_value("#box textarea") == "Second question, please?"
    page.locator("#talk button[aria-label=Edit]").first.click()
    page.locator("#talk textarea").first.fill("An edited <i>question</i>?")
    page.locator("#talk button[aria-label=Submit]").first.click()
    page.wait_for_function(
        "() => document.querySelector('#talk .user-row .message')?.innerText.includes('edited')"
    )
    wait_done(page)
    assert [text.replace("\u2060", "") for text in user(page)] == ["An edited <i>question</i>?"]
    assert len(bot(page)) == 1


def test_conversations_stay_in_the_browser(page: Any) -> None:
    longest(page, 16)
    ask(page, "Where are my keys?")
    wait_done(page)
    page.click("#new")
    page.wait_for_selector("#talk .example")
    ask(page, "And my hat?")
    wait_done(page)
    page.wait_for_function("() => document.querySelectorAll('#shelf label').length == 2")
    answer = bot(page)[0]
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('#shelf label').length == 2", timeout=60_000)
    assert [e.inner_text() for e in page.query_selector_all("#shelf label")] == [
        "And my hat?",
        "Where are my keys?",
    ]
    page.click("#shelf label >> text=And my hat?")
    page.wait_for_selector("#talk .bot-row")
    assert bot(page) == [answer]
    page.click("#delete")
    page.wait_for_function("() => document.querySelectorAll('#shelf label').length == 1")
    assert page.inner_text("#shelf label") == "Where are my keys?"


def test_an_example_of_the_evaluation_split_is_asked(page: Any) -> None:
    longest(page, 16)
    page.click("#talk .example >> nth=0")
    wait_done(page)
    assert user(page) == ["How do I reverse a list in Python?"]


def test_why_shows_the_nearest_training_rows(page: Any) -> None:
    longest(page, 16)
    ask(page, "Which city is the capital of France?")
    wait_done(page)
    page.click("#open-why")
    page.wait_for_selector("#near .near", state="visible")
    first = page.locator("#near .near").first
    assert "capital of France" in first.inner_text()
    assert float(first.locator(".figure").inner_text()) > 0.4
    first.locator("summary").click()
    assert "Paris, on the Seine." in first.inner_text()
    assert "geography" in first.inner_text()


def test_the_model_is_one_click_away(page: Any) -> None:
    page.click("#open-model")
    page.wait_for_selector("#about dl", state="visible")
    text = page.inner_text("#about")
    for fact in ("talk", "tiny", "LoRA", "<|im_end|>", "Be kind.", "geography"):
        assert fact in text


def test_feedback_needs_consent_and_lands_in_the_file(page: Any, served: tuple[str, Path]) -> None:
    longest(page, 16)
    ask(page, "What is <b>this</b>?")
    wait_done(page)
    answer = page.locator("#talk .bot-row .message").first.inner_text()
    page.click("#talk button[aria-label=Dislike]")
    page.wait_for_selector("#feedback", state="visible")
    page.get_by_label("It is wrong").check()
    page.get_by_label("A better answer").fill("It is a test.")
    page.click("#send-feedback")
    page.wait_for_selector("text=Tick the box above the button")
    assert not list((served[1] / "feedback").glob("*.jsonl"))
    page.locator("#consent input").check()
    page.click("#send-feedback")
    page.wait_for_selector("text=Your feedback is stored")
    lines = [
        line for path in (served[1] / "feedback").glob("*.jsonl") for line in path.read_text().splitlines()
    ]
    stored = json.loads(lines[-1])
    assert (stored["kind"], stored["complaint"], stored["correction"]) == ("down", "wrong", "It is a test.")
    assert [m["role"] for m in stored["messages"]] == ["system", "user", "assistant"]
    assert stored["messages"][1]["content"] == "What is <b>this</b>?"
    assert (
        " ".join(stored["messages"][2]["content"].split())[:10].strip() in " ".join(answer.split())
        or answer == "…"
    )
    assert (stored["run_id"], stored["dataset"], stored["model"]) == ("talk", "tiny", "tuned")
    from curation.ingest import ingest

    rows = ingest(f"feedback:{served[1]}", name="talk-feedback").rows
    row = next(row for row in rows.iter_rows(named=True) if row["feedback.id"] == stored["id"])
    assert (row["feedback.review"], row["feedback.answer"], row["feedback.complaint"]) == (
        "waiting",
        "person",
        "wrong",
    )
    assert [m["content"] for m in row["messages"][1:]] == ["What is <b>this</b>?", "It is a test."]


def test_compare_blind_and_vote(page: Any, served: tuple[str, Path]) -> None:
    longest(page, 32)
    page.get_by_role("tab", name="Compare").click()
    page.fill("#compare-box textarea", "What is the capital of France?")
    page.press("#compare-box textarea", "Enter")
    page.wait_for_selector("#vote", state="visible", timeout=60_000)
    assert page.locator(".side-name").all_inner_texts() == ["A", "B"]  # blind
    texts = [page.inner_text(f"#answer-{letter}") for letter in "AB"]
    assert texts[0] != texts[1]
    seeds = {
        re.search(r"seed (\d+)", text)[1]
        for text in page.locator(".side .status").all_inner_texts()
        if "seed" in text
    }  # type: ignore[index]
    assert len(seeds) == 1
    page.locator("#vote input[type=checkbox]").check()
    page.get_by_role("button", name="A is better").click()
    page.wait_for_function("() => document.querySelectorAll('.side-name span').length == 2")
    names = {e.inner_text() for e in page.query_selector_all(".side-name span")}
    assert names == {"talk", "the base model"}
    lines = [
        line for path in (served[1] / "feedback").glob("*.jsonl") for line in path.read_text().splitlines()
    ]
    vote = json.loads(lines[-1])
    assert (vote["kind"], vote["choice"], vote["blind"]) == ("vote", "A", True)
    assert {side["name"] for side in vote["sides"]} == names


def test_too_long_is_said_in_words_and_the_app_stays_up(page: Any) -> None:
    longest(page, 16)
    ask(page, "word " * 20_000)
    page.wait_for_selector("#status .bad", timeout=60_000)
    assert "Your message is too long" in page.inner_text("#status")
    page.click("#new")
    page.wait_for_selector("#status .bad", state="detached")
    ask(page, "Short?")
    wait_done(page)
    assert bot(page)


def test_an_empty_message_does_nothing(page: Any) -> None:
    page.fill("#box textarea", "   ")
    page.press("#box textarea", "Enter")
    page.wait_for_timeout(500)
    assert user(page) == []
    assert page.query_selector("#box .submit-button")


def test_a_phone_has_room(browser: Any, served: tuple[str, Path]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(served[0])
    page.wait_for_selector("#talk .example")
    page.wait_for_timeout(1200)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    new = page.locator("#new").bounding_box()
    assert new["x"] + new["width"] <= 0  # the list starts closed
    box = page.locator("#box").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 844
    context.close()


def test_files_and_uploads_are_closed(served: tuple[str, Path]) -> None:
    import httpx

    with httpx.Client(base_url=served[0], trust_env=False) as client:
        for path in ("gradio_api/file=/etc/passwd", "gradio_api/file/etc/passwd", "file=/etc/passwd", "assets/fonts/..%2f..%2frun.py", "assets/fonts/../../run.py",
                     "gradio_api/file%3D/etc/passwd", "/gradio_api/file=/etc/passwd", "gradio_api/file=..%2f..%2fetc/passwd", "gradio_api/proxy=http://127.0.0.1:1/x",
                     "static/..%2f..%2f..%2f..%2f..%2fetc/passwd", "static/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "svelte/..%2f..%2f..%2f..%2fetc/passwd",
                     "custom_component/x/server/component/..%2f..%2fetc/passwd", "gradio_api/stream/a/b/c/etc/passwd"):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code in (400, 403, 404, 405, 422), path
            assert "root:" not in answer.text and "import" not in answer.text
        assert client.post("gradio_api/upload", files={"files": ("a.txt", b"x")}).status_code == 403
        assert client.post("gradio_api/queue/join", content=b"x" * 9_000_000).status_code == 413
        assert client.get("assets/fonts/commissioner-latin-wght-normal.woff2").status_code == 200
