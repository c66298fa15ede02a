"""`make prove`: shares of a budget, outcomes kept at once, a summary that a machine can read."""

from pathlib import Path

import pytest

from prove import __main__ as command
from prove import outcomes
from prove.outcomes import Outcome
from prove.proofs import PROOFS, Proof


@pytest.fixture
def proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof of one case that holds and one that may not, with outcomes of its own."""
    monkeypatch.setattr(command, "PROOFS", (Proof("sample", "this command", "tests/local/proof_sample.py", 1.0),))
    monkeypatch.setenv("KIP_TEST_PROOF", "holds")
    monkeypatch.setattr(command, "KEPT", tmp_path / "kept" / "outcomes.jsonl")
    monkeypatch.setenv("PROVE_MINUTES", "10")
    monkeypatch.setattr(command, "LEAST_SECONDS", 3600.0)  # once through


@pytest.mark.usefixtures("proof")
def test_a_run_that_holds_ends_with_0_and_says_so_in_its_last_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVE_SEED", "17")
    assert command.main([]) == 0
    said = capfd.readouterr().out
    assert "PROVE_SEED=17" in said
    assert said.splitlines()[-1] == "2 passed, 0 failed"
    kept = outcomes.read(command.KEPT)
    assert [item.outcome for item in kept] == ["passed"] * 2
    assert outcomes.add_up(kept, "sample").worst == {"seconds_until_back": 3.5}
    assert outcomes.add_up([*kept, *kept], "sample").counted == {"outages": 4}


@pytest.mark.usefixtures("proof")
def test_a_failure_ends_with_1_and_names_the_case_and_its_seed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIP_TEST_PROOF", "fails")
    assert command.main([]) == 1
    said = capfd.readouterr().out.splitlines()
    assert said[-1] == "1 passed, 1 failed"
    assert any(line.startswith("failed: ") and "test_may_not" in line and "(seed " in line for line in said)


@pytest.mark.usefixtures("proof")
def test_what_there_is_no_time_for_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVE_MINUTES", "0.01")
    assert command.main([]) == 1
    assert {item.outcome for item in outcomes.read(command.KEPT)} == {"skipped"}


def test_a_case_that_takes_long_is_known_to() -> None:
    ran = [Outcome("sample", "test_x", "passed", seconds, 7, {}) for seconds in (90.0, 110.0, 100.0)]
    assert outcomes.usual_seconds(ran, "test_x") == 100.0
    assert outcomes.usual_seconds(ran, "test_y") == outcomes.USUAL_SECONDS
    ran += [
        Outcome("sample", f"test_z[{name}]", "passed", seconds, 7, {}) for name, seconds in (("a", 1.0), ("b", 3.0))
    ]
    assert outcomes.usual_seconds(ran, "test_z[c]") == 2.0
    assert outcomes.usual_seconds(ran, "test_z[b]") == 3.0


@pytest.mark.usefixtures("proof")
@pytest.mark.parametrize(
    ("name", "value"), [("PROVE_MINUTES", "soon"), ("PROVE_MINUTES", "-1"), ("PROVE_ONLY", "luck")]
)
def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=f"prove: {name}: expected"):
        command.main([])


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.jsonl"
    whole = Outcome("sample", "test_x", "passed", 1.0, 7, {})
    outcomes.keep(path, whole)
    with path.open("a") as file:
        file.write('{"proof": "sam')
    assert outcomes.read(path) == [whole]


def test_the_page_keeps_what_is_around_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(command.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(command, "PAGE", page)
    command.write_page([outcomes.Sum("freezes", 12, 0, 0, 600.0, {"seconds_until_back": 4.0}, {"outages": 24})])
    text = page.read_text(encoding="utf-8")
    assert "| freezes | 12 | 0 | 10 | outages 24 | seconds until back 4 |\n<!-- end" in text
    assert text.startswith("# Reliability\n")


def test_every_proof_has_its_file() -> None:
    assert all((command.ROOT / proof.tests).is_file() for proof in PROOFS)


def test_the_sums_of_other_machines_stay_and_its_own_are_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KEPT", "SUMS", "PAGE"):
        monkeypatch.setattr(command, name, tmp_path / name)
    command.PAGE.write_text("head\n<!-- sums: python -m prove --page -->\n<!-- end of the sums -->\ntail\n")
    other = outcomes.Sum("freezes", 3, 1, 0, 60.0, {"seconds_until_back": 9.0}, {"outages": 4})
    outcomes.write_sums(command.SUMS, {"other": [other]})
    measured, counted = {"seconds_until_back": 4.0, "MiB": 100.0}, {"outages": 2}
    outcomes.keep(command.KEPT, Outcome("freezes", "test_x", "passed", 60.0, 7, measured, counted))
    for _ in range(2):
        assert command.main(["--page"]) == 0
        assert outcomes.read_sums(command.SUMS)["other"] == [other]
        text = command.PAGE.read_text()
        assert "| freezes | 4 | 1 | 2 | outages 6 | MiB 100, seconds until back 9 |\n" in text
        assert text.startswith("head\n")
        assert text.endswith("-->\ntail\n")


def test_sums_of_outcomes_that_are_gone_stay_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "KEPT", tmp_path / "kept" / "outcomes.jsonl")
    monkeypatch.setattr(command, "SUMS", tmp_path / "sums.json")
    for runs in (3, 1):
        for _ in range(runs):
            outcomes.keep(command.KEPT, Outcome("freezes", "test_x", "passed", 60.0, 7, {}))
            freezes = next(item for item in command.add_own_sums() if item.proof == "freezes")
        command.KEPT.unlink()
        command.add_own_sums()
    assert freezes.passed == 4
    assert len(outcomes.read_sums(command.SUMS)) == 2
