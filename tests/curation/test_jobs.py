"""Jobs: real processes that are started, watched, stopped, killed and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from curation import jobs
from curation.contract import Home
from curation.errors import InputError
from curation.store import Store

PYTHON = [sys.executable, "-c"]


def wait_for(job: jobs.Job, *states: str) -> jobs.Job:
    """The job once it is in one of these states."""
    for _ in range(600):
        job = jobs.read(job.folder)
        if job.status in states:
            return job
        time.sleep(0.05)
    raise AssertionError(f"still {job.status}: {job.log()}")


def begin(home: Home, code: str, **options: object) -> jobs.Job:
    return jobs.start(home, [code], title="A job", program=PYTHON, **options)  # type: ignore[arg-type]


def until_printed(job: jobs.Job, word: str) -> None:
    for _ in range(600):
        if word in job.log():
            return
        time.sleep(0.05)
    raise AssertionError(job.log())


def test_a_job_runs_and_its_answer_is_read(tmp_path: Path) -> None:
    job = begin(Home(tmp_path), "print('hello'); print('{\"rows\": 3}')")
    job = wait_for(job, "done", "failed")
    assert (job.status, job.code, job.answer()) == ("done", 0, {"rows": 3})
    assert [event["state"] for event in job.events()] == ["running", "done"]
    assert jobs.jobs(Home(tmp_path)) == [job]


def test_a_job_that_begins_is_never_seen_as_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another window looks just before the job's own process is there, and just after."""
    seen = []
    begin_process = subprocess.run

    def looked(*words: Any, **options: Any) -> Any:
        seen.append(jobs.jobs(Home(tmp_path))[0].status)
        try:
            return begin_process(*words, **options)
        finally:
            seen.append(jobs.jobs(Home(tmp_path))[0].status)

    monkeypatch.setattr(jobs.subprocess, "run", looked)
    job = begin(Home(tmp_path), "import time; time.sleep(60)")
    assert seen == ["running", "running"]
    jobs.stop(job, at_once=True)
    assert wait_for(job, "stopped", "failed").status == "stopped"


def test_a_failed_job_says_why(tmp_path: Path) -> None:
    job = begin(
        Home(tmp_path),
        "import sys; print('tome: x.csv: there is no such file', file=sys.stderr); sys.exit(2)",
    )
    job = wait_for(job, "done", "failed")
    assert (job.status, job.code, job.complaint()) == ("failed", 2, "x.csv: there is no such file")


def test_a_real_command_fails_in_its_own_words(tmp_path: Path) -> None:
    job = wait_for(jobs.start(Home(tmp_path), ["show", "nothing"], title="Show"), "done", "failed")
    assert job.code == 2
    assert "there are no versions yet" in (job.complaint() or "")


def test_stop_is_a_wish_that_the_command_hears(tmp_path: Path) -> None:
    code = (
        "import time, sys\nprint('ready', flush=True)\n"
        "try:\n  time.sleep(60)\nexcept KeyboardInterrupt:\n  print('kept', flush=True); sys.exit(130)"
    )
    job = begin(Home(tmp_path), code)
    until_printed(job, "ready")
    jobs.stop(job)
    job = wait_for(job, "stopped", "failed")
    assert (job.status, job.code) == ("stopped", 130)
    assert "kept" in job.log()
    with pytest.raises(InputError, match="not running"):
        jobs.stop(job)


def test_a_job_that_ignores_the_wish_is_ended_at_once(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    job = begin(Home(tmp_path), code)
    until_printed(job, "ready")
    job = jobs.stop(job, wait=0.3)
    assert (job.status, job.stopping) == ("running", True)
    jobs.stop(job, at_once=True)
    assert wait_for(job, "stopped").code == -9


def test_a_killed_job_shows_as_such_and_is_resumed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = (
        f"import pathlib, time, os; m = pathlib.Path({str(mark)!r})\n"
        "if m.exists(): print('went on')\nelse:\n  m.touch(); print('ready', os.getppid(), flush=True); time.sleep(60)"
    )
    home = Home(tmp_path / "home")
    job = begin(home, code)
    until_printed(job, "ready ")
    time.sleep(0.1)
    supervisor = int(job.log().split()[1])
    group = int((job.folder / "group").read_text())
    os.kill(supervisor, signal.SIGKILL)
    os.killpg(group, signal.SIGKILL)
    job = wait_for(job, "killed")
    assert job.code is None
    again = jobs.resume(home, job)
    assert again.id != job.id
    assert "went on" in wait_for(again, "done", "failed").log()


def test_a_process_that_the_system_kills_is_killed_and_not_failed(tmp_path: Path) -> None:
    job = begin(Home(tmp_path), "import time; print('ready', flush=True); time.sleep(60)")
    until_printed(job, "ready")
    os.killpg(int((job.folder / "group").read_text()), signal.SIGKILL)  # as for want of memory
    job = wait_for(job, "killed", "failed")
    assert (job.status, job.code) == ("killed", -9)
    assert job.complaint() == "the system ended its process at once, most often because memory ran out"


def test_a_signal_that_ended_a_process_is_named(tmp_path: Path) -> None:
    job = begin(Home(tmp_path), "import os; print('so far'); os.kill(os.getpid(), 11)")
    assert wait_for(job, "failed").complaint() == "its process was ended by the signal SIGSEGV"


def test_a_job_outlives_the_one_who_started_it(tmp_path: Path) -> None:
    import subprocess

    starter = (
        "from curation import jobs; from curation.contract import Home; from pathlib import Path; import sys; "
        f"jobs.start(Home(Path({str(tmp_path)!r})), ['import time; time.sleep(0.7); print(42)'], title='t', program=[sys.executable, '-c'])"
    )
    subprocess.run([sys.executable, "-c", starter], check=True)
    (job,) = jobs.jobs(Home(tmp_path))
    assert "42" in wait_for(job, "done", "failed").log()


def test_a_secret_is_passed_on_and_written_nowhere(tmp_path: Path) -> None:
    job = begin(
        Home(tmp_path), "import os; print(len(os.environ['HF_TOKEN']))", secret_env={"HF_TOKEN": "hf_sesame"}
    )
    job = wait_for(job, "done", "failed")
    assert job.log().strip() == "9"
    assert all(b"sesame" not in path.read_bytes() for path in job.folder.iterdir())


def test_commands_report_their_progress_as_events(tmp_path: Path) -> None:
    source = tmp_path / "turns.jsonl"
    source.write_text(json.dumps({"question": "Why?", "answer": "Because."}) + "\n")
    job = jobs.start(
        Home(tmp_path / "home"), ["ingest", str(source), "--name", "turns", "--json"], title="Read"
    )
    job = wait_for(job, "done", "failed")
    assert job.answer()["rows"] == 1  # type: ignore[index]
    assert job.progress()["done"] == 1  # type: ignore[index]


def test_a_job_has_its_files_for_itself_also_when_it_goes_on(tmp_path: Path) -> None:
    read = [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read(), sys.argv[2])"]
    both = [
        jobs.start(
            Home(tmp_path), ["recipe.yaml", "x"], title="Read", program=read, files={"recipe.yaml": text}
        )
        for text in ("one", "two")
    ]
    assert [wait_for(job, "done").log().strip() for job in both] == ["one x", "two x"]
    assert both[0].arguments == [str((both[0].folder / "recipe.yaml").resolve()), "x"]
    again = jobs.resume(Home(tmp_path), wait_for(both[0], "done"))
    assert wait_for(again, "done").log().strip() == "one x"


def test_a_job_waits_for_the_one_that_writes_before_it(tmp_path: Path) -> None:
    source = tmp_path / "turns.jsonl"
    source.write_text(json.dumps({"question": "Why?", "answer": "Because."}) + "\n")
    home = Home(tmp_path / "home")
    with Store(home).lock():
        job = jobs.start(home, ["ingest", str(source), "--name", "turns", "--json"], title="Read")
        for _ in range(600):
            if jobs.read(job.folder).waiting:
                break
            time.sleep(0.05)
        assert job.waiting
        assert job.events()[-1]["holder"] == f"process {os.getpid()}"
    job = wait_for(job, "done", "failed")
    assert (job.status, job.waiting, job.answer()["rows"]) == ("done", False, 1)  # type: ignore[index]


def test_a_folder_that_is_no_job_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "jobs" / "odd").mkdir(parents=True)
    (tmp_path / "jobs" / "odd" / "command.json").write_text("[]")
    assert jobs.jobs(Home(tmp_path)) == []
    with pytest.raises(InputError, match="there is no job"):
        jobs.get(Home(tmp_path), "odd")


def test_a_training_job_is_resumed_from_its_checkpoint(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.runs / "first").mkdir(parents=True)
    (home.runs / "first" / "run.json").write_text("{}")
    job = jobs.start(
        home,
        ["train", "demo", "--name", "first", "--json"],
        title="Train",
        program=[sys.executable, "-c", "pass"],
    )
    again = jobs.resume(home, wait_for(job, "done"))
    assert again.arguments == ["train", "--resume", "--name", "first", "--json"]
    wait_for(again, "done")


def test_what_is_secret_never_stands_in_the_log(tmp_path: Path) -> None:
    code = (
        "import os, sys\ntoken = os.environ['HF_TOKEN']\nprint('whole', token, flush=True)\n"
        "for part in (token[:5], token[5:], ' in two\\n', 'hf_op', 'en is none\\n'):\n  sys.stderr.write(part); sys.stderr.flush()\n"
        "print('tome: refused ' + token, file=sys.stderr); sys.exit(2)"
    )
    job = begin(Home(tmp_path), code, secret_env={"HF_TOKEN": "hf_opensesame"})
    job = wait_for(job, "done", "failed")
    assert (job.status, job.complaint()) == ("failed", "refused [secret]")
    assert "whole [secret]\n[secret] in two\nhf_open is none\n" in job.log()
    held = [path for path in tmp_path.rglob("*") if path.is_file() and b"sesame" in path.read_bytes()]
    assert held == []


def test_output_shows_while_a_secret_job_runs(tmp_path: Path) -> None:
    code = "import time\nprint('ready', flush=True)\ntime.sleep(60)"
    job = begin(Home(tmp_path), code, secret_env={"HF_TOKEN": "hf_opensesame"})
    until_printed(job, "ready")
    job = jobs.stop(job, at_once=True, wait=30)
    assert job.status == "stopped"
