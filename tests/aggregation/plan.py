"""A second programme for tests, of what ecd-1437 has not: rates per 1,000, targets that fall, a survey, small numbers.

It is ecd-1437 with other indicators, under a slug of its own.
"""

import shutil
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.system import ROOT, event

SLUG, TWIN = "plan-2030", "twin-2030"
LABEL = {"vi": "số", "en": "number"}
_REPORTED = {"label": LABEL, "numerator": LABEL, "denominator": LABEL, "period": "quarter", "value": "ratio"}
INDICATORS: list[dict[str, Any]] = [
    {
        **_REPORTED, "slug": "infant-deaths", "per": 1000, "better": "lower", "over_time": "sum",
        "reporters": [{"level": "commune", "agencies": ["ubnd-xa"]}],
        "targets": [
            {"stage": "stage-2025", "value": 9.5, "baseline": 14.5, "strict": True,
             "own": [{"unit": "13@1", "value": 12, "label": LABEL}]},
        ],
    },
    {
        **_REPORTED, "slug": "child-labour", "period": "year", "value": "survey", "better": "lower",
        "over_time": "state", "targets": [{"stage": "stage-2025", "value": 4.9, "course": "hold"}],
        "surveys": [
            {"period": "2021", "value": 5.3, "source": {"vi": "Điều tra", "en": "Survey"}},
            {"period": "2023", "value": 4.9, "source": {"vi": "Điều tra 2", "en": "Survey 2"}},
            {"period": "2023", "value": 6.1, "source": {"vi": "Tỉnh", "en": "Province"}, "unit": "13@1"},
        ],
    },
    {
        **_REPORTED, "slug": "abused-children", "per": 100000, "better": "lower", "over_time": "sum",
        "sensitive": True, "breakdowns": ["sex"], "checks": {"denominator_change": 0.15},
        "reporters": [
            {"level": "commune", "agencies": ["ubnd-xa"]}, {"level": "province", "agencies": ["so-gddt"]},
        ],
        "targets": [{"stage": "stage-2025", "value": 400, "course": "hold"}],
    },
]  # fmt: skip


def write_plan(folder: Path) -> Path:
    """Write the programme's folder."""
    return _written(folder, SLUG, INDICATORS)


def write_twin(folder: Path) -> Path:
    """Write the folder of another programme, which shares what is sensitive with the first, under another name."""
    shared = next(it for it in INDICATORS if it.get("sensitive"))
    return _written(folder, TWIN, [{**shared, "slug": "abused", "same_as": f"{SLUG}/{shared['slug']}"}])


def _written(folder: Path, slug: str, indicators: list[dict[str, Any]]) -> Path:
    made = shutil.copytree(ROOT / "programmes" / "ecd-1437", folder / slug)
    yaml = YAML(typ="safe")
    file = made / "programme.yaml"
    plan: dict[str, Any] = yaml.load(file)
    reports = [{**report, "slug": f"{report['slug']}-of-{slug}"} for report in plan["reports"]]
    plan |= {"slug": slug, "indicators": indicators, "reports": reports, "dhis2": {}, "forms": []}
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(plan, out)
    return made


def reported(
    unit: str,
    indicator: str,
    period: str,
    numerator: int,
    denominator: int,
    *parts: tuple[dict[str, str], int, int],
    agency: str = "ubnd-xa",
    **attributes: Any,
) -> dict[str, Any]:
    """A unit's figure, with parts (by, numerator, denominator)."""
    split = [{"by": by, "numerator": some, "denominator": of} for by, some, of in parts]
    data = {
        "programme": SLUG, "indicator": indicator, "agency": agency, "period": period, "revision": 0,
        "numerator": numerator, "denominator": denominator, "breakdown": split,
    }  # fmt: skip
    return event("indicator.reported", unit, data, **attributes)
