"""Pictures of every page of the workbench, light and dark, 1440 and 1024 wide, into docs/images/.

    python docs/screenshots.py [--only balance,explore] [--home DIR] [--out docs/images]

Without --home, the bundled sample is curated and trained on for a moment in a temporary home first. Needs the extras ``app`` and ``dev``,
and chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "home": "", "ingest": "ingest?from=Path&path=data/samples/larkfield.csv", "explore": "explore", "map": "map?version=measured&by=category", "balance": "balance",
    "clean": "clean?version=measured&topic=Contamination", "augment": "augment", "recipe": "recipe", "versions": "versions", "compare-versions": "versions?tab=Compare",
    "train": "train?run=first", "sweep": "train?tab=Sweeps", "compare": "compare", "chat": "chat",
}  # fmt: skip
MEASURED = """
name: measured
seed: 7
sources:
  - {uri: data/samples/finetome_sample.jsonl, name: sample, map: {category: source}, licence: Apache-2.0}
  - {uri: data/samples/larkfield.csv, name: larkfield, map: {user: question, assistant: answer, category: topic}, licence: Apache-2.0}
steps: [normalize, stats, quality, pii, language, near_dup, {op: contamination, against: [data/samples/benchmark.jsonl], ngram: 8},
  {op: embed, view: first_prompt}, map2d]
"""
"""The sample with all that Clean and Map can show; with --home, a version of this name is shown where there is one."""
SHORT = "--config demo --set max_length=192 --set eval_rows=8"
TRAIN = f"train demo {SHORT} --name first --set max_steps=20 --set evaluate_every=5".split()
SWEEP = f"sweep demo {SHORT} --name first-sweep --set max_steps=4 --set samples=0 --grid lr=5e-4,1e-3 dropout=0,0.05".split()
"""A short run and a short sweep on the sample, for the pages that show models."""
OPENS = {
    "augment": (("Try ", ".tw-candidate"),),
    "recipe": (("Edit", "[class*=st-key-fields_]"),),
}
"""Buttons that are pressed before a page's picture is taken (the last whose name begins so), and what shows that they did."""
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextlib.contextmanager
def workbench(home: Path) -> Iterator[str]:
    """Run ``tome ui`` on a home folder and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tome", "ui", "--port", str(port), "--headless"]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"TOME_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                break
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def settled(page: Page) -> None:
    """Wait until the page has run, its skeletons are gone, its charts are drawn and its fonts are there."""
    page.wait_for_selector(".tw-finding", timeout=60_000)
    page.wait_for_function(
        """() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true]')
        && [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(c => c.querySelector('canvas, svg'))
        && [...document.querySelectorAll('[data-testid=stMermaidChart]')].every(c => c.querySelector('svg, img'))""",
        timeout=60_000,
    )
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(900)


def picture(
    browser: Browser, address: str, theme: str, width: int, out: Path, height: int | None = None
) -> None:
    """One page as a picture; ``height`` crops it, else it is as tall as the page, up to 2,000 px."""
    context = browser.new_context(viewport={"width": width, "height": height or 900}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    settled(page)
    for starts, shows in OPENS.get(out.name.rpartition("-")[0].rpartition("-")[0], ()):
        page.get_by_role("button", name=re.compile(f"^{starts}")).last.click()
        page.wait_for_selector(shows, timeout=120_000)
        settled(page)
        page.mouse.move(width // 2, 2)  # where nothing answers to it
    if height is None:
        tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": width, "height": max(900, min(int(tall), 2000))})
        settled(page)
    page.screenshot(path=out)
    context.close()
    slim(out)


def slim(path: Path) -> None:
    """Keep 256 colours: a third of the bytes, and no difference that an eye finds.

    Half of them are the commonest, so that papers and text stay as they are; half cover the others, rare ones too, such as a category's.
    """
    from PIL import Image

    with Image.open(path) as picture:
        whole = picture.convert("RGB")
    common = [colour for _, colour in sorted(whole.getcolors(1 << 24) or [], reverse=True)[:128]]
    spread = whole.quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).getpalette() or []
    chosen = Image.new("P", (1, 1))
    chosen.putpalette([part for colour in common for part in colour] + spread[: 3 * 128])
    small = whole.quantize(palette=chosen, dither=Image.Dither.NONE)
    # colours that are nearly the same share a place; it takes the commonest of them
    places = Image.frombytes("L", small.size, small.tobytes())
    pairs = sorted(Image.merge("RGBA", (*whole.split(), places)).getcolors(1 << 24) or [])
    held = {pair[3]: pair[:3] for _, pair in pairs}
    small.putpalette([part for place in range(256) for part in held.get(place, (0, 0, 0))])
    small.save(path, optimize=True)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--widths", default="1440,1024")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    names = [name for name in PAGES if not asked.only or name in asked.only.split(",")]
    names = [
        name
        for name in names
        if (ROOT / "streamlit_app" / "screens" / f"{PAGES[name].partition('?')[0] or 'home'}.py").is_file()
    ]
    with tempfile.TemporaryDirectory() as scratch:
        home = asked.home or Path(scratch) / "home"
        commands: list[list[str]] = []
        if asked.home is None:
            measured = Path(scratch) / "measured.yaml"
            measured.write_text(MEASURED, encoding="utf-8")
            # the demo's version comes last, so that the other pages open on it
            commands = [
                ["run", str(measured)],
                ["run", "data/recipes/demo.yaml"],
                ["export", "demo", "--name", "demo"],
            ]
            if {"train", "sweep", "compare", "chat"} & set(names):
                commands += [TRAIN, SWEEP]
        elif not (home / "store" / "refs" / "measured").is_file():
            PAGES["clean"], PAGES["map"] = "clean", "map"
        for command in commands:
            subprocess.run(
                [sys.executable, "-m", "tome", *command],
                cwd=ROOT,
                env=os.environ | {"TOME_HOME": str(home)},
                check=True,
            )
        with workbench(home) as address, sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            for name in names:
                for theme in asked.themes.split(","):
                    for width in asked.widths.split(","):
                        picture(
                            browser,
                            f"{address}/{PAGES[name]}",
                            theme,
                            int(width),
                            asked.out / f"{name}-{theme}-{width}.png",
                        )
                print(name, flush=True)
            if not asked.only:
                picture(browser, f"{address}/balance", "light", 1440, asked.out / "workbench.png", height=960)
            browser.close()


if __name__ == "__main__":
    main()
