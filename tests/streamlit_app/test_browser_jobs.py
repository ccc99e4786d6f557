"""Jobs and windows in a real browser: a restart finds what runs, what was killed is shown and goes on, two browsers stay apart."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from curation import jobs
from curation.contract import Home
from tests.curation.test_jobs import until_printed, wait_for
from tests.streamlit_app.browsing import NEEDS, PATIENCE, SCREENS, opened, served, settle
from tests.streamlit_app.conftest import make_version

pytestmark = NEEDS
UNTIL_TOLD = (
    "import pathlib, sys, time\n"
    "print('begun', flush=True)\n"
    "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.05)\n"
)


def begin(home: Path, told: Path) -> jobs.Job:
    """A job that runs until a file is there."""
    job = jobs.start(
        Home(home), [str(told)], title="Curate the harvest", program=[sys.executable, "-c", UNTIL_TOLD]
    )
    until_printed(job, "begun")
    return job


def test_a_restart_finds_the_job_that_runs_and_sees_it_end(browser, tmp_path: Path) -> None:
    home, told = tmp_path / "home", tmp_path / "told"
    make_version(home)
    try:
        with served(home) as address:
            page = opened(browser, address)
            job = begin(home, told)
            page.reload()
            page.wait_for_selector(".tw-job-running:has-text('Curate the harvest')")
            page.context.close()
        assert jobs.read(job.folder).status == "running"  # the workbench is gone, the job isn't
        with served(home) as address:
            page = opened(browser, address)
            page.wait_for_selector(".tw-job-running:has-text('Curate the harvest')")
            told.touch()
            page.wait_for_selector(".tw-job-done:has-text('Curate the harvest')")
            page.context.close()
    finally:
        told.touch()
    assert wait_for(job, "done").code == 0


def test_a_killed_job_is_shown_as_such_and_goes_on_when_asked(browser, tmp_path: Path) -> None:
    home, told = tmp_path / "home", tmp_path / "told"
    make_version(home)
    try:
        with served(home) as address:
            job = begin(home, told)
            work = int((job.folder / "group").read_text())
            supervisor = int(Path(f"/proc/{work}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(supervisor, signal.SIGKILL)
            os.kill(work, signal.SIGKILL)
            wait_for(job, "killed")
            page = opened(browser, address)
            page.wait_for_selector(".tw-job-killed:has-text('Curate the harvest')")
            assert "killed" in page.inner_text(".tw-job-killed >> nth=0")
            page.get_by_role("button", name="Go on from where it stopped").click()
            page.wait_for_selector(".tw-job-running:has-text('Curate the harvest')")
            again = jobs.jobs(Home(home))[0]
            assert (again.id != job.id, again.arguments) == (True, job.arguments)
            told.touch()
            page.wait_for_selector(".tw-job-done:has-text('Curate the harvest')")
            page.context.close()
    finally:
        told.touch()
    assert wait_for(again, "done").code == 0


def test_two_browsers_keep_their_version_filter_and_open_row(browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first, second = make_version(home), make_version(home, "second", least=1)
    with served(home) as address:
        one = opened(browser, f"{address}/explore?version={first.id}")
        other = opened(browser, f"{address}/explore?version={second.id}")
        one.get_by_label("Search the text").fill("where the sign")
        one.wait_for_selector(".tw-finding:has-text('2 of ')")
        other.locator(".tw-picker tbody tr").nth(2).click()
        other.wait_for_function("() => new URL(location).searchParams.get('row')")
        row = other.evaluate("() => new URL(location).searchParams.get('row')")
        other.wait_for_selector(f".tw-id:has-text('{row}')")
        one.locator(".tw-picker tbody tr").nth(1).click()  # the first asks again, after the second has acted
        one.wait_for_function("() => new URL(location).searchParams.get('row')")
        settle(one)
        assert "2 of " in one.inner_text(".tw-finding")
        assert one.get_by_label("Search the text").input_value() == "where the sign"
        assert f"version={first.id}" in one.url
        assert "text=where" in one.url
        other.reload()
        settle(other)
        assert f"version={second.id}" in other.url
        assert f"row={row}" in other.url
        assert "text=" not in other.url
        assert other.get_by_label("Search the text").input_value() == ""
        one.context.close()
        other.context.close()


def test_no_page_asks_for_what_isnt_there(browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    make_version(home)
    with served(home) as address:
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE)
        missing, complaints = [], []
        page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        for screen in SCREENS:
            page.goto(f"{address}/{screen if screen != 'home' else ''}")
            settle(page)
            assert page.title() != "Streamlit"
        page.context.close()
    assert (missing, complaints) == ([], [])
