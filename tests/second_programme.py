"""A second programme for tests: the shipped one under another slug and of later years, with names of its own."""

from pathlib import Path
from shutil import copytree

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "programmes" / "ecd-1437"
LATER = {  # 2026 to 2030, under the slug `other`
    "slug: ecd-1437": "slug: other",
    "first_period: 2023-Q1": 'first_period: "2026"',
    'last_period: "2025"': 'last_period: "2030"',
    "  - slug: stage-2020\n": "  - slug: before\n",
    'first: "2018"': 'first: "2026"',
    'last: "2020"': 'last: "2026"',
    'first: "2021"': 'first: "2027"',
    'last: "2025"\n\nobj': 'last: "2030"\n\nobj',
    "stage: stage-2020": "stage: before",
}
OWN_NAMES = {  # of the names that DHIS2 and Kobo know no programme of
    "form: parent-counselling": "form: other-counselling",
    "form: communication-sessions": "form: other-sessions",
    "ECDaccess": "OTHaccess",
    "ECDquarter1": "OTHquarter1",
}


def second_programme(folder: Path, changes: dict[str, str]) -> Path:
    """Write the shipped programme with these texts changed."""
    copytree(SHIPPED, folder)
    text = (folder / "programme.yaml").read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    (folder / "programme.yaml").write_text(text, encoding="utf-8")
    return folder
