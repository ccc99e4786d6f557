"""One process and several at the same number of rows a step: loss step by step, and how much faster several are.

    python benchmarks/bench_ddp.py                                   2 GPUs, a Llama of 1B shape, 16 sequences a step
    python benchmarks/bench_ddp.py --cut 12                          and once more, stopped after step 12 and resumed
    python benchmarks/bench_ddp.py --shape tiny --backend plain --length 256 --steps 6 --rows 200    on a CPU, over gloo

Model and rows are those of gpu_training.py. Both runs are `tome train` itself, the second one under torchrun. Sequences are
dealt out so that a step learns from the same ones in both; what differs is the order of the sums. The rate leaves out the
first steps (compilation, caches).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from gpu_training import ROOT, SHAPES, WARM, config_of, world

Steps = list[dict[str, Any]]


def command(root: Path, name: str, config: Any, processes: int) -> list[str]:
    """The words that train this config with so many processes."""
    path = root / f"{name}.yaml"
    path.write_text(yaml.safe_dump(json.loads(config.model_dump_json())), encoding="utf-8")
    launcher = ["torch.distributed.run", "--standalone", f"--nproc_per_node={processes}", "-m", "tome"]
    tome = launcher if processes > 1 else ["tome"]
    return [sys.executable, "-m", *tome, "train", "bench", "--config", str(path), "--name", name]


def run(root: Path, words: list[str], cut: int | None = None) -> None:
    """Run to the end; or with ``cut`` to that step, where the launcher gets SIGTERM, and then on with --resume."""
    name = words[-1]
    set_ = {
        **os.environ,
        "TOME_HOME": str(root / "home"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }
    log = (root / f"{name}.log").open("a")
    child = subprocess.Popen(words, env=set_, stdout=log, stderr=log)
    while cut and child.poll() is None:
        if len(steps_of(root, name)) >= cut:
            child.send_signal(signal.SIGTERM)
            break
        time.sleep(0.05)
    code = child.wait()
    if cut and json.loads((root / "home" / "runs" / name / "run.json").read_text())["state"] == "stopped":
        code = subprocess.call([*words, "--resume"], env=set_, stdout=log, stderr=log)
    if code:
        sys.exit(f"{name} ended with {code}:\n{(root / f'{name}.log').read_text()[-6000:]}")


def steps_of(root: Path, name: str) -> Steps:
    """The step events of a run, one for each step, the latest where a step was made twice."""
    from curation.contract import read_events

    events = read_events(root / "home" / "runs" / name / "events.jsonl")
    found = {event["step"]: event for event in events if event["event"] == "step"}
    return [found[step] for step in sorted(found)]


def rate(steps: Steps) -> float:
    """Tokens per second of all processes together, without the first steps."""
    first, last = steps[min(WARM, len(steps) - 2)], steps[-1]
    return float((last["tokens"] - first["tokens"]) / (last["time"] - first["time"]))


def apart(left: Steps, right: Steps, key: str) -> float:
    """The largest relative difference between two runs' values of the same step."""
    pairs = zip(left, right, strict=True)
    return max(abs(a[key] - b[key]) / max(abs(a[key]), 1e-9) for a, b in pairs)


def main() -> None:
    """Run both, compare, print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--shape", choices=SHAPES, default="1b")
    parser.add_argument("--backend", choices=["unsloth", "plain"], default="unsloth")
    parser.add_argument("--batch", type=int, default=16, help="sequences a step, of all processes together")
    parser.add_argument(
        "--micro", type=int, help="sequences at once in each; what fits and is fast otherwise"
    )
    parser.add_argument("--checkpointing", choices=["auto", "true", "false"], default="auto")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--cut", type=int, help="also stop after this step, resume, and compare")
    parser.add_argument("--root", type=Path, help="keep model and rows here, for the next time")
    options = parser.parse_args()
    if options.batch % options.processes:
        parser.error("--batch must be a multiple of --processes")
    options.accumulation = 1
    root = options.root or Path(tempfile.mkdtemp(prefix="bench_ddp_"))
    root.mkdir(parents=True, exist_ok=True)
    world(root, options.shape, options.rows)
    given = {
        "backend": options.backend,
        "micro_batch": options.micro,
        "gradient_checkpointing": yaml.safe_load(options.checkpointing),
        "eval_rows": 8,
    }
    whole = config_of(root, given, options)
    part = whole.model_copy(update={"batch": options.batch // options.processes})
    stamp = str(os.getpid())
    run(root, command(root, f"one-{stamp}", whole, 1))
    run(root, command(root, f"several-{stamp}", part, options.processes))
    one, several = steps_of(root, f"one-{stamp}"), steps_of(root, f"several-{stamp}")
    for a, b in zip(one, several, strict=True):
        print(
            f"step {a['step']:3}  loss {a['loss']:.6f} {b['loss']:.6f}  gradient {a['grad_norm']} {b['grad_norm']}"
        )
    found = {
        "processes": options.processes,
        "steps": len(one),
        "loss_apart": apart(one, several, "loss"),
        "grad_norm_apart": apart(one, several, "grad_norm"),
        "tokens_per_second": [round(rate(one), 1), round(rate(several), 1)],
        "speed_up": round(rate(several) / rate(one), 3),
    }
    if options.cut:
        run(root, command(root, f"cut-{stamp}", part, options.processes), options.cut)
        found["resumed_loss_apart"] = apart(several, steps_of(root, f"cut-{stamp}"), "loss")
    import torch

    found["device"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    print(json.dumps(found))


if __name__ == "__main__":
    main()
