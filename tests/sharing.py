"""A second programme, made of the shipped one's folder, two of whose figures may be the same as the shipped one's.

It calls them `access` and `network`, accepts 2023 to 2030 and expects them from 2024 on, where the shipped one accepts
2018 to 2025 and expects from 2023 on: 2023 is expected by the one, 2024 and 2025 by both, 2026 by the other.
"""

import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.system import ROOT, event

SHIPPED, OTHER = "ecd-1437", "other-1437"
ACCESS, NETWORK = "child-service-access", "district-network-model"
PLAN: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "programmes" / SHIPPED / "programme.yaml")


def other_plan(*, shared: bool = True) -> dict[str, Any]:
    """The second programme's file, as values."""
    plan = deepcopy(PLAN)
    for name in ("dhis2", "forms"):
        plan.pop(name, None)
    plan |= {
        "slug": OTHER, "first_period": "2024-Q1", "last_period": "2030", "activities": [], "measures": [],
        "stages": [
            {"slug": "first", "label": {"vi": "giai đoạn đầu", "en": "First stage"}, "first": "2023", "last": "2025"},
            {"slug": "second", "label": {"vi": "giai đoạn sau", "en": "Second stage"}, "first": "2026", "last": "2030"},
        ],
        "reports": [{
            "slug": "figures", "label": {"vi": "Báo cáo số liệu", "en": "Figures"}, "period": "quarter",
            "completed_by": "indicators",
            "reporters": [{"level": "commune", "agency": "ubnd-xa", "deadline": {"after_cutoff_working_days": 2}}],
        }],
        "indicators": [
            _renamed(indicator, slug, shared=shared)
            for indicator in plan["indicators"]
            for named, slug in ((ACCESS, "access"), (NETWORK, "network"))
            if indicator["slug"] == named
        ],
    }  # fmt: skip
    return plan


def _renamed(indicator: dict[str, Any], slug: str, *, shared: bool) -> dict[str, Any]:
    same = {"same_as": f"{SHIPPED}/{indicator['slug']}"} if shared else {}
    targets = [{"stage": "second", "value": 95, "label": {"vi": "95% vào năm 2030", "en": "95 % by 2030"}}]
    return {**indicator, "slug": slug, "targets": targets, **same}


def write_folder(parent: Path, plan: dict[str, Any], source: str = SHIPPED) -> Path:
    """Write a programme's folder below `parent`: the shipped one's texts and calendar, and this file."""
    folder = parent / str(plan["slug"])
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "programmes" / source, folder)
    with (folder / "programme.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(plan, file)
    return folder


def access(
    programme: str, subject: str, period: str, part: int, whole: int = 100, revision: int = 0, **attributes: Any
) -> dict[str, Any]:
    """A commune's figure of access under the name that the programme has for it."""
    data = {
        **name_of(programme), "agency": "ubnd-xa", "period": period, "revision": revision,
        "numerator": part, "denominator": whole,
        "breakdown": [{"by": {"domain": "health"}, "numerator": part, "denominator": whole}],
    }  # fmt: skip
    return event("indicator.reported", subject, data, **attributes)


def withdrawn(programme: str, subject: str, period: str, revision: int, **attributes: Any) -> dict[str, Any]:
    """The withdrawal of such a figure."""
    data = {**name_of(programme), "agency": "ubnd-xa", "period": period, "revision": revision}
    return event("record.retracted", subject, data, **attributes)


def name_of(programme: str) -> dict[str, str]:
    """What the figure of access is called there."""
    return {"programme": programme, "indicator": ACCESS if programme == SHIPPED else "access"}
