"""The config: presets load, everything can be overridden, and a mistake is named with the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import TrainConfig, load_config, parse_overrides, preset_names
from training.errors import ConfigError


def test_every_preset_is_a_valid_config() -> None:
    shipped = {"llama-3.2-1b", "llama-3.2-1b-qlora", "llama-3.2-3b", "smollm2-135m-cpu"}
    assert shipped <= set(preset_names())
    for name in preset_names():
        config = load_config(name)
        assert (config.save_every, config.epochs) == (1250, 1.0)


def test_overrides_take_short_names_numbers_lists_and_nothing() -> None:
    words = ["lr=2e-4", "lora-targets=q_proj, v_proj", "max_steps=null", "packing=false", "dropout=0.1"]
    assert parse_overrides(words) == {
        "learning_rate": 2e-4,
        "lora_targets": ["q_proj", "v_proj"],
        "max_steps": None,
        "packing": False,
        "lora_dropout": 0.1,
    }
    assert load_config("llama-3.2-1b", words).learning_rate == 2e-4


def test_a_yaml_file_may_write_a_rate_as_2e_4(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("model: smollm2\nlearning_rate: 2e-4\n")
    assert load_config(tmp_path / "c.yaml").learning_rate == 2e-4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: m\nlerning_rate: 1\n", "unknown key 'lerning_rate'. Did you mean 'learning_rate'?"),
        ("model: m\nbatch: many\n", "batch: Input should be a valid integer"),
        ("model: m\nbatch: 0\n", "batch: Input should be greater than or equal to 1, found 0"),
        ("model: m\nprecision: 3bit\n", "precision: Input should be '4bit', '16bit' or 'full', found '3bit'"),
        ("batch: 2\n", "model is missing"),
        ("model: m\npacking: true\ngroup_by_length: true\n", "exclude each other"),
        ("model: [\n", "this isn't YAML"),
        ("- 1\n", "should hold keys and values"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_misspelt_preset_or_override_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"Did you mean 'llama-3.2-1b'"):
        load_config("lama-3.2-1b")
    with pytest.raises(ConfigError, match="Did you mean 'weight_decay'"):
        load_config("llama-3.2-1b", ["wieght_decay=0"])
    with pytest.raises(ConfigError, match="Write it as key=value"):
        load_config("llama-3.2-1b", ["lr"])


def test_what_leaves_the_weights_as_they_are_is_not_in_the_effective_fields() -> None:
    config = load_config("llama-3.2-1b")
    other = TrainConfig(**{**config.model_dump(), "save_every": 7, "keep": 1, "report": "tensorboard"})
    assert config.effective() == other.effective()
    assert config.effective() != TrainConfig(**{**config.model_dump(), "seed": 1}).effective()
