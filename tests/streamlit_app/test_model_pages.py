"""Train, Compare and Chat over run folders, sweeps and ratings as the commands write them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from curation import jobs
from curation.contract import Home
from curation.store import Store, Version
from streamlit_app.components import rivals, sweep_charts, sweeps
from streamlit_app.components.sweep_form import values_of
from tests.curation.test_jobs import wait_for
from tests.streamlit_app.runfolders import write_rating, write_run, write_sweep
from tests.streamlit_app.test_augment_page import finished_job
from tests.streamlit_app.test_pages import html, open_page

ASKED = "Where can I leave the bicycle when the shop is closed?"


def label(test: object, starts: str) -> object:
    return next(one for one in test.button if one.label.replace("\\", "").startswith(starts))  # type: ignore[attr-defined]


@pytest.fixture
def exported(home: Path, one: Version) -> Version:
    from curation.export import write_export

    write_export(Store(), one, name="first")
    return one


def test_train_shows_a_run_by_its_evaluations_and_overlays_several(home: Path, exported: Version) -> None:
    write_run(home, "a", exported)
    write_run(home, "b", exported, losses=(3.0, 2.0, 1.5))
    test = open_page("train.py", run="a")
    assert not test.exception
    assert "a is done after 2 of 2 steps; its evaluation loss fell from 3.20 to 2.60." in html(test)
    test.multiselect(key="shown_runs").set_value(["a", "b"]).run()
    assert not test.exception
    assert "5 steps" in html(test)  # both runs' curves in one chart
    test.selectbox(key="eval_category").set_value("legal").run()
    assert not test.exception


def test_train_waits_for_the_run_that_was_started_and_turns_to_it(
    home: Path, exported: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(home, "old", exported)
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    begin = jobs.start
    monkeypatch.setattr(jobs, "start", lambda *args, **options: begin(*args, **options, program=sleeper))
    test = open_page("train.py")
    assert test.multiselect(key="shown_runs").value == ["old"]
    label(test, "Train ").click().run()  # type: ignore[attr-defined]
    assert not test.exception
    assert "first begins." in html(test)
    write_run(home, "first", exported, losses=(3.0,), state="running", evals={})
    test.run()
    assert test.multiselect(key="shown_runs").value == ["first"]
    assert "first is running after 1 of 1 steps" in html(test)
    label(test, "Stop first").click().run()  # type: ignore[attr-defined]
    assert jobs.jobs(Home(home))[0].status != "running" or jobs.jobs(Home(home))[0].stopping


def test_train_says_when_the_run_that_was_started_failed_at_once(
    home: Path, exported: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, fails = jobs.start, [sys.executable, "-c", "import sys; sys.exit('tome: no such model')"]
    monkeypatch.setattr(jobs, "start", lambda *args, **options: begin(*args, **options, program=fails))
    test = open_page("train.py")
    label(test, "Train ").click().run()  # type: ignore[attr-defined]
    wait_for(jobs.jobs(Home(home))[0], "failed")
    test.run()
    assert not test.exception
    assert "first begins." not in html(test)
    assert "No runs yet." in html(test)
    assert "failed: no such model" in html(test)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("stopped", "stopped by SIGINT"),
        ("failed", "the loss became NaN"),
        ("running", "was killed, or trains outside"),
    ],
)
def test_a_run_that_ended_early_can_go_on(
    home: Path, exported: Version, state: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"stopped": "stopped by SIGINT", "failed": "the loss became NaN"}.get(state)
    write_run(home, "a", exported, state=state, error=error)
    started = []
    monkeypatch.setattr(jobs, "start", lambda _home, arguments, **_: started.append(arguments))
    test = open_page("train.py")
    assert says in html(test)
    label(test, "Go on with a").click().run()  # type: ignore[attr-defined]
    assert started == [["train", "--resume", "--name", "a", "--json"]]


def test_a_run_whose_job_was_killed_is_said_to_be_killed(home: Path, exported: Version) -> None:
    write_run(home, "a", exported, state="running", evals={}, metrics={})
    job = jobs.start(Home(home), ["train", "first", "--name", "a"], title="Train a", program=["true"])
    wait_for(job, "done", "failed")
    (job.folder / "status").write_text("running\n")
    body = html(open_page("train.py", run="a"))
    assert "a was killed after 2 of 2 steps" in body
    assert '<td class="text">killed</td>' in body
    assert "a was killed." in body
    assert "outside the workbench" not in body


def test_the_estimate_shows_memory_part_by_part_and_goes_stale(home: Path, exported: Version) -> None:
    plan = {
        "memory_gib": 2.0,
        "room_gib": 8.0,
        "seconds": 90.0,
        "steps": 4,
        "disk_gib": 0.1,
        "device": "cpu",
        "memory_parts": {"weights": 2**30, "activations": 2**30},
    }
    test = open_page("train.py")
    said = [
        "train",
        "plan",
        "first",
        "--config",
        test.selectbox(key="train_config").value,
        "--set",
        "batch=4",
        "--set",
        "epochs=1",
        "--json",
    ]
    held = {"arguments": said, "job": finished_job(home, {"plans": {"x": plan}}, arguments=["train", "plan"])}
    test.session_state["estimate"] = held
    test.run()
    assert not test.exception
    body = html(test)
    assert "2.0 GiB" in body
    assert "90 s" in body
    assert "weights 1.00 GiB" in body
    assert "of other settings" not in body
    test.number_input(key="epochs").set_value(2.0).run()
    assert "This estimate is of other settings:" in html(test)


def test_an_estimate_above_the_memory_here_is_said(home: Path, exported: Version) -> None:
    plan = {
        "memory_gib": 9.0,
        "room_gib": 8.0,
        "seconds": None,
        "steps": 4,
        "disk_gib": 0.1,
        "device": "cuda",
        "fitting_batch": 2,
        "memory_parts": {"weights": 9 * 2**30},
    }
    test = open_page("train.py")
    test.session_state["estimate"] = {
        "arguments": [],
        "job": finished_job(home, {"plans": {"x": plan}}, arguments=["train", "plan"]),
    }
    test.run()
    assert "It needs more memory than is here. A batch of 2 fits." in html(test)


def test_a_sweep_says_whether_its_lead_is_more_than_chance(home: Path, exported: Version) -> None:
    write_sweep(home, "rates", exported)
    test = open_page("train.py", tab="Sweeps")
    assert not test.exception
    body = html(test)
    assert (
        "learning_rate 0.001, lora_rank 8 is best: evaluation loss 2.520 ± 0.028; its lead of 0.190 over the next is more than what 2 seeds differ by."
        in body
    )
    assert "fail: the loss became NaN" in body
    assert "Train 8 runs: 4 settings, 2 seeds" in [button.label for button in test.button]


def test_the_parallel_plot_has_an_axis_a_parameter_and_a_thin_line_a_seed(
    home: Path, exported: Version
) -> None:
    write_sweep(home, "rates", exported)
    found = [one for one in sweeps.trials(home / "sweeps" / "rates", home / "runs") if one.mean is not None]
    option = sweep_charts.parallel(found)
    assert [axis["name"] for axis in option["parallelAxis"]] == [
        "learning_rate",
        "lora_rank",
        "tokens/s",
        "evaluation loss",
    ]
    seeds, means = (series["data"] for series in option["series"])
    assert [line[-1] for line in seeds] == [2.5, 2.54, 2.7, 2.72]
    assert [line[0] for line in means] == ["0.001", "0.0003"]
    assert json.dumps(option)  # nothing in it but what JSON has


def test_a_sweep_starts_with_what_was_typed(
    home: Path, exported: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert values_of(" 1e-4,  2e-4,1e-4 ") == ["1e-4", "2e-4"]
    started = []
    monkeypatch.setattr(jobs, "start", lambda _home, arguments, **_: started.append(arguments))
    test = open_page("train.py", tab="Sweeps")
    test.text_input(key="grid_lora_rank").set_value("").run()
    test.text_input(key="grid_seeds").set_value("1, 2, 3").run()
    label(test, "Train 6 runs: 2 settings, 3 seeds").click().run()  # type: ignore[attr-defined]
    assert started[0][:2] == ["sweep", "first"]
    assert started[0][-2:] == ["--grid", "learning_rate=3e-4,1e-3"]
    assert started[0][started[0].index("--seeds") + 1] == "1,2,3"


def test_train_waits_for_the_first_setting_of_a_sweep_and_turns_to_it(
    home: Path, exported: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sweep(home, "old", exported)
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    begin = jobs.start
    monkeypatch.setattr(jobs, "start", lambda *args, **options: begin(*args, **options, program=sleeper))
    test = open_page("train.py", tab="Sweeps")
    label(test, "Train 8 runs: 4 settings, 2 seeds").click().run()  # type: ignore[attr-defined]
    assert "first-sweep begins." in html(test)
    write_sweep(home, "first-sweep", exported)
    test.run()
    assert not test.exception
    assert test.selectbox(key="sweep").value == "first-sweep"
    assert "first-sweep begins." not in html(test)
    jobs.stop(jobs.jobs(Home(home))[0], at_once=True)


def test_figures_of_runs_have_their_decimals(home: Path, exported: Version) -> None:
    write_run(home, "a", exported, evals={0: {"all": 3.0}, 2: {"all": 2.5}})
    metrics = {"steps": 2, "loss_last": 2.5, "tokens_per_second": 1180.4}
    write_run(home, "b", exported, losses=(3.0, 2.0, 1.0), state="running", evals={}, metrics={})
    write_run(home, "c", exported, metrics=metrics)
    body = html(open_page("train.py", run="a"))
    assert '<td class="figure">2.500</td><td class="figure">2.500</td><td class="figure">90</td>' in body
    assert '<td class="figure">3</td><td class="figure">1.000</td>' in body  # as it goes
    assert '<td class="figure">1,180</td>' in body
    body = html(open_page("compare.py", a="a", b="c"))
    assert '<td class="figure">2.500</td><td class="figure">2.600</td><td class="figure">+0.100</td>' in body


def test_compare_leads_back_to_the_rows_of_a_category(home: Path, exported: Version) -> None:
    a = write_run(home, "a", exported)
    b = write_run(
        home,
        "b",
        exported,
        evals={0: {"all": 3.2, "math": 3.0, "legal": 3.6}, 2: {"all": 2.4, "math": 2.5, "legal": 2.3}},
    )
    row = exported.rows()["id"][0]
    for folder, tuned in ((a, "from a"), (b, "<b>from b</b>")):
        (folder / "samples.json").write_text(
            json.dumps(
                [
                    {
                        "id": row,
                        "category": "math",
                        "question": "q?",
                        "reference": "ref",
                        "base": "base",
                        "tuned": tuned,
                    }
                ]
            )
        )
    test = open_page("compare.py", a="a", b="b")
    assert not test.exception
    body = html(test)
    assert "b has an evaluation loss of 2.400, a 2.600; b is better in 1 of 2 categories." in body
    assert "&lt;b&gt;from b&lt;/b&gt;" in body
    test.selectbox(key="compare_category").set_value("legal").run()
    assert not test.exception
    assert test.query_params["category"] == "legal"
    assert test.query_params["version"] == exported.id


def test_compare_warns_of_losses_on_different_rows(home: Path, exported: Version) -> None:
    write_run(home, "a", exported)
    write_run(home, "b", exported, evals={2: {"all": 2.0, "math": 2.0}})
    write_run(home, "c", exported)
    warned = "They were evaluated on different rows, a on 4 and b on 4"
    assert warned in html(open_page("compare.py", a="a", b="b"))
    assert "different rows" not in html(open_page("compare.py", a="a", b="c"))


def test_chat_offers_what_can_talk_and_says_why_a_chatbot_did_not_start(
    home: Path, exported: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(home, "a", exported)
    write_run(home, "half", exported, state="stopped")  # it has no adapter yet
    begin = jobs.start
    fails = [sys.executable, "-c", "import sys; sys.exit('tome: the port is taken')"]
    monkeypatch.setattr(jobs, "start", lambda *args, **options: begin(*args, **options, program=fails))
    test = open_page("chat.py")
    assert test.selectbox(key="chat_run").options == ["a"]
    label(test, "Start the chatbot of a").click().run()  # type: ignore[attr-defined]
    wait_for(jobs.jobs(Home(home))[0], "failed")
    test.run()
    assert not test.exception
    assert "Chatbot of a: the port is taken" in html(test)


def test_compare_says_when_nothing_can_be_compared(home: Path, exported: Version) -> None:
    write_run(home, "a", exported, evals={})
    write_run(home, "b", exported, evals={})
    test = open_page("compare.py", a="a", b="b")
    assert "a and b have no evaluation to compare." in html(test)
    assert rivals.samples(home / "runs" / "a") == {}


def test_chat_reviews_ratings_and_brings_them_in(
    home: Path, exported: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(home, "a", exported)
    good = write_rating(run, 1, "up", ASKED, "By the gate.")
    bad = write_rating(run, 2, "down", ASKED + " And at night?", "<script>No</script>", complaint="wrong")
    started = []
    monkeypatch.setattr(jobs, "start", lambda _home, arguments, **_: started.append(arguments))
    test = open_page("chat.py")
    assert not test.exception
    assert "No chatbot is open; 2 ratings wait for review." in html(test)
    assert "Liked the answer of a, tuned." in html(test)
    assert "Disliked the answer of a, tuned. It is wrong." in html(test)
    assert "<script>" not in html(test)
    test.button(key=f"accept_{good}").click().run()
    assert "1 rating waits for review." in html(test)
    test.button(key=f"accept_{bad}").click().run()
    assert "the person didn&#x27;t like this answer and gave no better one" in html(test)
    test.text_input(key=f"better_{bad}").set_value("In the shed behind the shop.").run()
    test.button(key=f"accept_{bad}").click().run()
    assert "0 ratings wait for review." in html(test)
    assert "2 accepted of 2 ratings." in html(test)
    label(test, "Bring 2 ratings in as the source a-feedback").click().run()  # type: ignore[attr-defined]
    assert started == [["ingest", "feedback:a", "--name", "a-feedback", "--json"]]
    from curation.review import facts, remarks

    assert sorted(one["answer"] for one in facts(remarks(Home(home), "a"))) == [
        "By the gate.",
        "In the shed behind the shop.",
    ]


def test_chat_asks_base_and_tuned_the_same(
    home: Path, exported: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(home, "a", exported)
    started = []
    monkeypatch.setattr(jobs, "start", lambda _home, arguments, **_: started.append(arguments))
    test = open_page("chat.py")
    test.text_area(key="question").set_value("Why?").run()
    label(test, "Ask base and tuned").click().run()  # type: ignore[attr-defined]
    assert started == [
        ["chat", "a", "--once", "Why?", "--json"],
        ["chat", "a", "--once", "Why?", "--json", "--base"],
    ]
