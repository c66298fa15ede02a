"""Render the HTML of an officer's own page: small, readable on a phone, without scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined, Template

from services.notifications.messages.writer import in_language, instant, language_for
from services.notifications.pages.page_store import PageObligation, PageProblem
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.registry.officers import Officer
from shared.wording.words import Words

_WORDS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "title": "Nhắc báo cáo", "until": "Đến ngày", "reason": "Lý do", "due": "Hạn", "state": "Tình trạng",
        "acknowledge": "Đã biết, không nhắc lại các báo cáo này", "mute": "Tạm dừng mọi nhắc nhở của chương trình",
        "extend": "Gia hạn", "waive": "Miễn báo cáo", "calendar": "Lịch hạn báo cáo (iCalendar)",
        "problems": "Vướng mắc", "nothing": "Không có báo cáo nào.",
        "note": "Cấp trên vẫn được thông báo theo quy định.",
        "open": "chưa đến hạn", "overdue": "quá hạn", "met": "đã gửi", "late_met": "đã gửi muộn", "waived": "được miễn",
        "expired": "không theo dõi", "raised": "chưa giải quyết", "resolved": "đã giải quyết", "withdrawn": "đã rút",
    },
    "en": {
        "title": "Report reminders", "until": "Until", "reason": "Reason", "due": "Due", "state": "State",
        "acknowledge": "I know: don't repeat these", "mute": "Pause all reminders of this programme",
        "extend": "Extend", "waive": "Waive", "calendar": "Calendar of deadlines (iCalendar)",
        "problems": "Obstacles", "nothing": "No reports.",
        "note": "The levels above are told as the rules say.",
        "open": "not due yet", "overdue": "overdue", "met": "received", "late_met": "received late", "waived": "waived",
        "expired": "not followed", "raised": "open", "resolved": "resolved", "withdrawn": "withdrawn",
    },
}  # fmt: skip
_DONE: Mapping[str, Mapping[str, str]] = {
    "vi": {"acknowledge": "Đã ghi nhận.", "mute": "Đã tạm dừng.", "extend": "Đã gia hạn.", "waive": "Đã miễn."},
    "en": {"acknowledge": "Noted.", "mute": "Paused.", "extend": "Extended.", "waive": "Waived."},
}
_PAGE = """\
<!DOCTYPE html>
<html lang="{{ language }}"><head><meta charset="utf-8"><title>{{ words.title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:1rem/1.5 sans-serif;max-width:40rem;margin:auto;padding:1rem}
li{margin-bottom:1rem}input,button{font:inherit;padding:.4rem;margin:.2rem 0}
form{margin:.3rem 0}.done{background:#dfd;padding:.5rem}textarea,input[type=text]{width:95%}
</style></head><body>
<h1>{{ words.title }}</h1>
<p>{{ officer }}, {{ unit }}<br>{{ programme }}</p>
{% if done %}<p class="done">{{ done }}</p>{% endif %}
<ul>
{% for row in rows %}
<li>{{ row.unit }}: {{ row.report }}, {{ row.period }}<br>{{ words.due }} {{ row.due_at }} ({{ row.state }})
{% if row.decidable %}
<details><summary>{{ words.extend }} / {{ words.waive }}</summary>
<form method="post" action="/v1/obligations/{{ row.id }}/extend?token={{ token }}">
<label>{{ words.until }} <input type="date" name="until" required></label>
<label>{{ words.reason }} <input type="text" name="reason" maxlength="500" required></label>
<button>{{ words.extend }}</button></form>
<form method="post" action="/v1/obligations/{{ row.id }}/waive?token={{ token }}">
<label>{{ words.reason }} <input type="text" name="reason" maxlength="500" required></label>
<button>{{ words.waive }}</button></form></details>
{% endif %}
</li>
{% else %}<li>{{ words.nothing }}</li>
{% endfor %}
</ul>
{% for action in ("acknowledge", "mute") %}
<form method="post" action="/v1/ack/{{ token }}"><input type="hidden" name="action" value="{{ action }}">
<label>{{ words.until }} <input type="date" name="until" value="{{ default }}" min="{{ least }}" max="{{ most }}"
required></label> <button>{{ words[action] }}</button></form>
{% endfor %}
<p>{{ words.note }}</p>
{% if problems %}
<h2>{{ words.problems }}</h2>
<ul>
{% for problem in problems %}
<li>{{ problem.unit }}, {{ problem.agency }} ({{ problem.state }}): {{ problem.text }}</li>
{% endfor %}
</ul>
{% endif %}
<p><a href="{{ calendar }}">{{ words.calendar }}</a></p>
</body></html>
"""
_REFUSAL = """\
<!DOCTYPE html>
<html lang="{{ language }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kịp</title></head><body><p>{{ message }}</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class PageContent:
    """What an officer's page shows, as it is at `now`. `calendar` is the address of their calendar."""

    officer: Officer
    programme: Programme
    obligations: Sequence[PageObligation]
    problems: Sequence[PageProblem]
    token: str
    calendar: str
    now: datetime


def render_page(units: Units, content: PageContent, *, done: str | None, language: str) -> str:
    """Render the page in `language` where the programme has it. `done` names what was just done.

    What belongs to units below the officer's can be extended and waived there.
    """
    programme, officer = content.programme, content.officer
    language = language_for(programme, language)
    words = _WORDS.get(language, _WORDS["en"])
    today = content.now.astimezone(ZoneInfo(programme.timezone)).date()
    return _template(_PAGE).render(
        words=words, language=language, officer=officer.name, unit=units[officer.unit].name,
        programme=in_language(programme.label, language), rows=_rows(units, content, words, language),
        token=content.token, calendar=content.calendar,
        problems=[
            {"unit": units[problem.unit].name, "agency": _agency(programme, problem.agency, language),
             "state": words[problem.state], "text": problem.text or ""}
            for problem in content.problems
        ],
        default=today + timedelta(days=5), least=today + timedelta(days=1), most=today + timedelta(days=31),
        done=_DONE.get(language, _DONE["en"]).get(done or ""),
    )  # fmt: skip


def _rows(units: Units, content: PageContent, words: Mapping[str, str], language: str) -> list[dict[str, object]]:
    programme, zone = content.programme, ZoneInfo(content.programme.timezone)
    today = content.now.astimezone(zone).date()
    above = {row.unit: {unit.uid for unit in units.ladder(row.unit, today)[1:]} for row in content.obligations}
    return [
        {
            "id": row.id,
            "unit": units[row.unit].name,
            "report": in_language(programme.report[row.report].label, language),
            "period": row.period,
            "due_at": instant(row.due_at, zone, language),
            "state": words[row.state],
            "decidable": content.officer.unit in above[row.unit] and row.state in {"open", "overdue"},
        }
        for row in content.obligations
        if row.report in programme.report
    ]


def render_refusal(message: str, language: str) -> str:
    """Render a refusal that a person reads."""
    return _template(_REFUSAL).render(message=message, language=language)


def state_words(state: str) -> Words:
    """Name a state as the page does, in both languages."""
    return Words(_WORDS["vi"][state], _WORDS["en"][state])


def _agency(programme: Programme, slug: str, language: str) -> str:
    known = programme.agency.get(slug)
    return in_language(known.label, language) if known else slug


@cache
def _template(text: str) -> Template:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(text)
