"""Which model goes live: whole, answering, no worse than the one before; a damaged file does not stop the system."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.serving import models, training

GOOD = {"danger_caught": 1.0, "intents_accuracy": 0.97}
NOW = "0123456789abcdef"


def model(folder: Path, name: str, age: float = 0.0) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        data = os.urandom(50_000)
        entry = tarfile.TarInfo("components/a")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


def damage(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(training, "fingerprint", lambda bot=tmp_path: NOW)
    (tmp_path / "models").mkdir()
    return tmp_path


def measure_as(monkeypatch: pytest.MonkeyPatch, figures: Mapping[str, float] | Exception) -> None:
    def measured(path: Path) -> Mapping[str, float]:
        if isinstance(figures, Exception):
            raise figures
        return figures

    monkeypatch.setattr(models, "measured", measured)


def test_half_a_file_and_no_file_are_no_whole_model(tmp_path: Path) -> None:
    path = model(tmp_path, "a")
    assert models.is_whole(path)
    damage(path)
    assert not models.is_whole(path)
    assert not models.is_whole(tmp_path / "none.tar.gz")


def test_a_file_that_ends_within_its_last_part_is_no_whole_model(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, size in (("metadata.json", 100), ("components/a", 500_000)):
            entry = tarfile.TarInfo(name)
            entry.size = size
            archive.addfile(entry, io.BytesIO(os.urandom(size)))
    assert models.is_whole(path)
    damage(path)
    assert not models.is_whole(path)


def test_a_model_damaged_while_it_is_live_is_replaced_by_the_kept_copy(tmp_path: Path) -> None:
    path, var = model(tmp_path / "models", "a"), tmp_path / "var"
    var.mkdir()
    models.keep(path, var)
    assert models.usable(path, var) == path
    damage(path)
    assert models.usable(path, var) == var / models.KEPT
    damage(var / models.KEPT)
    with pytest.raises(models.BrokenModel, match="mesoguide train"):
        models.usable(path, var)


def test_a_new_model_as_good_as_the_old_goes_live(bot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure_as(monkeypatch, GOOD)
    models.check(model(bot / "models", "old", age=100))
    new = model(bot / "models", NOW)
    assert models.check(new) == ""
    assert models.live(bot) == new


@pytest.mark.parametrize(
    "figures",
    [{**GOOD, "danger_caught": 0.99}, {**GOOD, "intents_accuracy": 0.94}, models.BrokenModel("it does not answer")],
    ids=["a sign of danger missed", "fewer intents", "broken"],
)
def test_a_worse_or_broken_model_is_refused_and_the_old_stays_live(
    bot: Path, monkeypatch: pytest.MonkeyPatch, figures: Mapping[str, float] | Exception
) -> None:
    old, new = model(bot / "models", "old", age=100), model(bot / "models", NOW)

    def measured(path: Path) -> Mapping[str, float]:
        if path == new and isinstance(figures, Exception):
            raise figures
        return figures if path == new else GOOD  # type: ignore[return-value]

    monkeypatch.setattr(models, "measured", measured)
    assert models.check(new)
    assert models.live(bot) == old


def test_the_first_model_is_not_kept_waiting_for_a_measurement(bot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure_as(monkeypatch, AssertionError("measured"))
    new = model(bot / "models", NOW)
    assert models.check(new) == ""
    assert models.live(bot) == new


def test_what_another_version_left_and_this_one_cannot_use_is_nothing_to_go_back_to(
    bot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model(bot / "models", "old", age=100)
    measure_as(monkeypatch, models.BrokenModel("it does not answer"))
    new = model(bot / "models", NOW)
    assert models.check(new) == ""
    assert models.live(bot) == new


def test_a_worse_model_goes_live_when_this_version_cannot_read_the_better_one_any_more(
    bot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = model(bot / "models", "old", age=100)
    models._note(old, {"figures": GOOD, "refused": ""})  # measured by the version before
    new = model(bot / "models", NOW)

    def measured(path: Path) -> Mapping[str, float]:
        if path == old:
            raise models.BrokenModel("it does not answer")
        return {**GOOD, "intents_accuracy": 0.5}

    monkeypatch.setattr(models, "measured", measured)
    assert models.check(new) == ""
    assert models.live(bot) == new


def test_a_refused_model_that_is_trained_again_is_measured_again(bot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = model(bot / "models", "old", age=100), model(bot / "models", NOW)
    quality = {old: GOOD, new: {**GOOD, "danger_caught": 0.9}}
    monkeypatch.setattr(models, "measured", quality.__getitem__)
    assert models.check(new) == "danger caught 100.0% before, 90.0% now"
    quality[new] = GOOD
    assert models.check(new) == ""
    assert models.live(bot) == new


def test_a_damaged_present_model_is_trained_again(bot: Path) -> None:
    damage(model(bot / "models", NOW))
    assert models.live(bot) is None


def test_a_model_of_another_encoder_is_none_to_go_on_with(bot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = bot / "nlu" / "tuned" / "layers.npz"
    layers.parent.mkdir(parents=True)
    layers.write_bytes(b"first")
    measure_as(monkeypatch, GOOD)
    old = model(bot / "models", "old", age=10)
    assert not models.check(old)
    present = model(bot / "models", NOW)
    assert models.before(present) == old
    layers.write_bytes(b"tuned anew")
    measure_as(monkeypatch, {"danger_caught": 0.9, "intents_accuracy": 0.9})
    assert models.before(present) is None
    assert not models.check(present), "there is nothing to go back to"
    assert models.live(bot) == present
