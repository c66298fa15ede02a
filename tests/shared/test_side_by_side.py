"""Two programmes that give one name two meanings are refused, with both places; by `kip check` and by `kip load`."""

import subprocess
from pathlib import Path
from shutil import copytree

import pytest

from shared.programme.families import record_name
from shared.programme.folder import load_programme
from shared.programme.model import Programme
from shared.programme.side_by_side import clashes
from tests.forks import run_kip
from tests.second_programme import LATER, OWN_NAMES, SHIPPED, second_programme


@pytest.fixture(scope="module")
def shipped() -> Programme:
    return load_programme(SHIPPED)


def found(mine: Programme, other: Programme) -> set[tuple[str, str]]:
    return {(".".join(map(str, item.place)), ".".join(map(str, item.other))) for item in clashes(mine, other)}


def test_programmes_that_share_no_name_and_no_time_go_together(tmp_path: Path, shipped: Programme) -> None:
    other = load_programme(second_programme(tmp_path / "other", LATER | OWN_NAMES))
    assert found(shipped, other) == found(other, shipped) == set()


def test_a_form_and_a_mapped_id_belong_to_one_programme(tmp_path: Path, shipped: Programme) -> None:
    other = load_programme(second_programme(tmp_path / "other", LATER))
    assert found(other, shipped) == {
        ("forms.0.form", "forms.0.form"),
        ("forms.1.form", "forms.1.form"),
        ("dhis2.data_elements.ECDaccessNm", "dhis2.data_elements.ECDaccessNm"),
        ("dhis2.data_elements.ECDaccessDn", "dhis2.data_elements.ECDaccessDn"),
        ("dhis2.data_sets.ECDquarter1", "dhis2.data_sets.ECDquarter1"),
    }


def test_slugs_that_both_take_at_one_time_are_refused(tmp_path: Path, shipped: Programme) -> None:
    same_time = {key: text for key, text in LATER.items() if key.startswith("slug")} | OWN_NAMES
    other = load_programme(second_programme(tmp_path / "other", same_time))
    assert found(other, shipped) == {
        *((f"indicators.{number}.slug", f"indicators.{number}.slug") for number in range(3)),
        *((f"reports.{number}.slug", f"reports.{number}.slug") for number in range(3)),
    }


def test_one_answer_that_serves_both_may_have_one_name(tmp_path: Path, shipped: Programme) -> None:
    shared = {"    over_time: stock\n": "    over_time: stock\n    same_as: ecd-1437/child-service-access\n"}
    other = load_programme(second_programme(tmp_path / "other", {"slug: ecd-1437": "slug: other"} | OWN_NAMES | shared))
    assert record_name(other, "child-service-access") == record_name(shipped, "child-service-access")
    assert ("indicators.0.slug", "indicators.0.slug") not in found(other, shipped)
    assert ("indicators.1.slug", "indicators.1.slug") in found(other, shipped)


@pytest.mark.parametrize(
    ("mapped", "place", "other"),
    [
        (
            "    district-network-model.c1-network: knowledge-skills-provided.numerator\n",
            "data_elements",
            "indicators.2.slug",
        ),
        (
            "    ecd-1437:child-service-access.numerator: knowledge-skills-provided.numerator\n",
            "data_elements",
            "indicators.0.slug",
        ),
        ("    progress-yearly: progress-quarterly\n", "data_sets", "reports.2.slug"),
    ],
)
def test_a_mapped_id_may_not_be_the_other_s_own_code(
    tmp_path: Path, shipped: Programme, mapped: str, place: str, other: str
) -> None:
    changed = {f"  {place}:\n": f"  {place}:\n{mapped}"}
    second = load_programme(second_programme(tmp_path / "other", LATER | OWN_NAMES | changed))
    name = mapped.strip().rpartition(": ")[0]
    assert (f"dhis2.{place}.{name}", other) in found(second, shipped)
    assert (other, f"dhis2.{place}.{name}") in found(shipped, second)


def test_names_of_options_mean_one_thing_for_what_both_share(tmp_path: Path, shipped: Programme) -> None:
    shared = {"    over_time: stock\n": "    over_time: stock\n    same_as: ecd-1437/child-service-access\n"}
    changed = {"ECDhealth01: {domain: health}": "ECDhealth01: {domain: nutrition}"}
    apart = load_programme(second_programme(tmp_path / "apart", LATER | OWN_NAMES | changed))
    assert found(apart, shipped) == set()
    together = load_programme(second_programme(tmp_path / "together", LATER | OWN_NAMES | changed | shared))
    place = "dhis2.category_option_combos.ECDhealth01"
    assert found(together, shipped) == {(place, place)}


def test_two_of_one_slug_are_one_too_many(shipped: Programme) -> None:
    assert found(shipped, shipped.model_copy()) == {("slug", "slug")}


def kip(*words: str) -> "subprocess.CompletedProcess[str]":
    return run_kip(*words, environment={}, timeout=170)


def test_kip_check_names_both_places(tmp_path: Path) -> None:
    copytree(SHIPPED, tmp_path / "ecd-1437")
    other = second_programme(tmp_path / "other", LATER)
    for words in ([str(other)], [str(tmp_path)]):
        done = kip("check", *words)
        assert done.returncode == 1
        (told,) = [line for line in done.stderr.splitlines() if line.startswith(f"{other}") and "forms[0]" in line]
        line = 1 + (other / "programme.yaml").read_text(encoding="utf-8").splitlines().index(
            "  - form: parent-counselling"
        )
        assert told.startswith(f"{other}/programme.yaml:{line}: forms[0].form: form 'parent-counselling'")
        assert f"{tmp_path}/ecd-1437/programme.yaml:{line}: forms[0].form" in told


def test_a_draft_that_stands_beside_keeps_no_other_from_being_checked(tmp_path: Path) -> None:
    folder = copytree(SHIPPED, tmp_path / "ecd-1437")
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "programme.yaml").write_text("slug: [", encoding="utf-8")
    done = kip("check", str(folder))
    assert done.returncode == 0, done.stderr
    assert "draft: has errors of its own" in done.stderr
    assert kip("check", str(tmp_path)).returncode == 1
