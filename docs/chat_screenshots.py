"""The pictures of ``docs/chatbot.md``: ``python docs/chat_screenshots.py ADDRESS`` on an open ``tome chat``.

Needs playwright and a Chromium; each picture is of a real answer by whatever run is served.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
QUESTION = "What is the capital of France, and what is it known for?"


def open_page(browser: Browser, address: str, *, dark: bool, phone: bool) -> Page:
    """A fresh browser on the chatbot."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 800},
        color_scheme="dark" if dark else "light",
        has_touch=phone,
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#box textarea")
    page.wait_for_timeout(2500)
    return page


def shoot(page: Page, name: str) -> None:
    """Save what is seen."""
    page.wait_for_timeout(900)
    page.screenshot(path=str(IMAGES / f"chat-{name}.png"))
    print(f"chat-{name}.png", flush=True)


def ask(page: Page, question: str) -> None:
    """Ask and wait for the whole answer."""
    page.fill("#box textarea", question)
    page.press("#box textarea", "Enter")
    page.wait_for_selector("#status [data-end]:not([data-end=''])", timeout=300_000)
    page.wait_for_selector("#box .submit-button")


def compare(page: Page, name: str) -> None:
    """Two answers side by side, and the vote."""
    page.get_by_role("tab", name="Compare").click()
    page.fill("#compare-box textarea", QUESTION)
    page.press("#compare-box textarea", "Enter")
    page.wait_for_selector("#vote", state="visible", timeout=300_000)
    page.get_by_role("button", name="A is better").click()
    shoot(page, name)


def main(address: str) -> None:
    """Take them all."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium: Any = playwright.chromium
        local = Path("/usr/bin/chromium")
        browser = chromium.launch(executable_path=str(local) if local.exists() else None, args=ARGUMENTS)
        for dark in (False, True):
            mode = "dark" if dark else "light"
            page = open_page(browser, address, dark=dark, phone=False)
            shoot(page, f"start-{mode}")
            ask(page, QUESTION)
            shoot(page, f"answer-{mode}")
            page.click("#open-why")
            page.wait_for_timeout(600)
            page.locator("#near .near summary").first.click()
            shoot(page, f"why-{mode}")
            page.get_by_role("tab", name="Model").click()
            shoot(page, f"model-{mode}")
            page.click("#right .toggle-button")
            page.wait_for_timeout(500)
            page.click("#talk button[aria-label=Dislike]")
            shoot(page, f"feedback-{mode}")
            page.get_by_role("button", name="Not now").click()
            compare(page, f"compare-{mode}")
            phone = open_page(browser, address, dark=dark, phone=True)
            ask(phone, QUESTION)
            shoot(phone, f"phone-{mode}")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
