"""Render the HTML of an officer's own page: small, readable on a phone, without scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from jinja2 import Environment, StrictUndefined, Template

from services.notifications.messages.phrases import instant
from services.notifications.pages.page_store import PageObligation, PageProblem, Shown
from shared.domain.offices import seated
from shared.domain.periods import period_words
from shared.domain.units import Unit, Units
from shared.programme.model import Programme
from shared.registry.officers import Officer
from shared.wording.alphabet import Place, alphabetical
from shared.wording.words import Words

_WORDS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "title": "Nhắc báo cáo", "until": "Đến ngày", "reason": "Lý do", "due": "Hạn", "state": "Tình trạng",
        "acknowledge": "Đã biết, không nhắc lại các báo cáo này", "mute": "Tạm dừng mọi nhắc nhở của chương trình",
        "extend": "Gia hạn", "waive": "Miễn báo cáo", "calendar": "Lịch hạn báo cáo (iCalendar)",
        "problems": "Vướng mắc", "nothing": "Thư này không nêu báo cáo cụ thể nào.",
        "more": "Thư còn nêu {count} báo cáo khác không hiển thị tại đây (báo cáo chưa gửi được hiển thị trước). "
        "Xác nhận đã biết có hiệu lực đối với tất cả báo cáo nêu trong thư.",
        "more_problems": "Còn {count} vướng mắc khác không hiển thị tại đây.",
        "note": "Cấp trên vẫn được thông báo theo quy định.",
        "open": "chưa đến hạn", "overdue": "quá hạn", "met": "đã gửi", "late_met": "đã gửi chậm", "waived": "được miễn",
        "expired": "không theo dõi", "raised": "chưa giải quyết", "resolved": "đã giải quyết", "withdrawn": "đã rút",
    },
    "en": {
        "title": "Report reminders", "until": "Until", "reason": "Reason", "due": "Due", "state": "State",
        "acknowledge": "I know: don't repeat these", "mute": "Pause all reminders of this programme",
        "extend": "Extend", "waive": "Waive", "calendar": "Calendar of deadlines (iCalendar)",
        "problems": "Obstacles", "nothing": "This message names no report.",
        "more": "This message names {count} more that are not shown here (what has not come is shown first). "
        "To acknowledge holds for all that it names.",
        "more_problems": "{count} more are not shown here.",
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
<meta name="color-scheme" content="light dark">
<style>
body{font:1rem/1.5 sans-serif;max-width:40rem;margin:auto;padding:1rem}
li{margin-bottom:1rem}input,button{font:inherit;padding:.4rem;margin:.2rem 0}
form{margin:.3rem 0}.done{background:#dfd;color:black;padding:.5rem}textarea,input[type=text]{width:95%}
</style></head><body>
<h1>{{ words.title }}</h1>
<p>{{ officer }}, {{ office }}<br>{{ programme }}</p>
{% if done %}<p class="done">{{ done }}</p>{% endif %}
<ul>
{% for row in rows %}
<li>{{ row.owner }}: {{ row.report }}, {{ row.period }}<br>{{ words.due }} {{ row.due_at }} ({{ row.state }})
{% if row.reason %}<br>{{ words.reason }}: {{ row.reason }}{% endif %}

{% if row.decidable %}
<details><summary>{{ words.extend }} / {{ words.waive }}</summary>
<form method="post" action="/v1/obligations/{{ row.name }}/extend?token={{ token }}">
<label>{{ words.until }} <input type="date" name="until" required></label>
<label>{{ words.reason }} <input type="text" name="reason" maxlength="500" required></label>
<button>{{ words.extend }}</button></form>
<form method="post" action="/v1/obligations/{{ row.name }}/waive?token={{ token }}">
<label>{{ words.reason }} <input type="text" name="reason" maxlength="500" required></label>
<button>{{ words.waive }}</button></form></details>
{% endif %}
</li>
{% else %}<li>{{ words.nothing }}</li>
{% endfor %}
</ul>
{% if more %}<p>{{ more }}</p>{% endif %}

{% for action in (("acknowledge", "mute") if rows else ("mute",)) %}
<form method="post" action="/v1/ack/{{ token }}"><input type="hidden" name="action" value="{{ action }}">
<label>{{ words.until }} <input type="date" name="until" value="{{ default }}" min="{{ least }}" max="{{ most }}"
required></label> <button>{{ words[action] }}</button></form>
{% endfor %}
<p>{{ words.note }}</p>
{% if problems %}
<h2>{{ words.problems }}</h2>
<ul>
{% for problem in problems %}
<li>{{ problem.owner }} ({{ problem.state }}): {{ problem.text }}</li>
{% endfor %}
</ul>
{% if more_problems %}<p>{{ more_problems }}</p>{% endif %}

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
_MUTE = """\
<!DOCTYPE html>
<html lang="{{ language }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title></head><body><p>{{ programme }}</p><p>{{ said }}</p>
{% if not done %}
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>{{ title }}</button></form>
{% endif %}
</body></html>
"""
_PAUSE = Words("Tạm dừng nhắc báo cáo", "Pause reminders")
_PAUSES = Words(
    "Tạm dừng {days} ngày các thư nhắc trước hạn. Thông báo quá hạn và thông báo về đơn vị cấp dưới vẫn được gửi.",
    "Pauses reminders before a deadline for {days} days. Notices of what is overdue, and about units below, go on.",
)
_PAUSED = Words("Đã tạm dừng {days} ngày.", "Paused for {days} days.")


@dataclass(frozen=True, slots=True)
class PageContent:
    """What an officer's page shows, as it is at `now`. `calendar` is the address of their calendar."""

    officer: Officer
    programme: Programme
    obligations: Shown[PageObligation]
    problems: Shown[PageProblem]
    token: str
    calendar: str
    epoch: int
    now: datetime


def render_page(units: Units, content: PageContent, *, done: str | None, language: str) -> str:
    """Render the page in `language` where the programme has it. `done` names what was just done.

    What belongs to units below the officer's can be extended and waived there.
    """
    programme, officer = content.programme, content.officer
    language = programme.language_for(language)
    words = _WORDS.get(language, _WORDS["en"])
    today = programme.today(content.now)
    seat = units[units.stands_for(officer.unit, today) or officer.unit]
    return _template(_PAGE).render(
        words=words, language=language, officer=officer.name,
        office=_office(programme, seat, officer.agency, language) if officer.agency in programme.agency else seat.name,
        programme=programme.text(programme.label, language), rows=_rows(units, content, words, language),
        token=content.token, calendar=content.calendar,
        problems=[
            {"owner": _owner(programme, units[problem.unit], problem.agency, language), "state": words[problem.state],
             "text": problem.text or ""}
            for problem in content.problems.rows
        ],
        more=_more(words["more"], content.obligations.more, language),
        more_problems=_more(words["more_problems"], content.problems.more, language),
        default=today + timedelta(days=5), least=today + timedelta(days=1), most=today + timedelta(days=31),
        done=_DONE.get(language, _DONE["en"]).get(done or ""),
    )  # fmt: skip


def _rows(units: Units, content: PageContent, words: Mapping[str, str], language: str) -> list[dict[str, object]]:
    programme, zone = content.programme, ZoneInfo(content.programme.timezone)
    today = content.now.astimezone(zone).date()
    seat = units.stands_for(content.officer.unit, today)
    above = {row.unit: {unit.uid for unit in units.ladder(row.unit, today)[1:]} for row in content.obligations.rows}

    def place(row: PageObligation) -> tuple[datetime, Place]:
        return row.due_at, alphabetical(_owner(programme, units[row.unit], row.agency, language))

    return [
        {
            "name": row.name(content.epoch),
            "owner": _owner(programme, units[row.unit], row.agency, language),
            "report": programme.text(programme.report[row.report].label, language),
            "period": period_words(row.period).in_language(language),
            "due_at": instant(row.due_at, zone, language),
            "state": words[row.state],
            "reason": row.reason,
            "decidable": seat in above[row.unit] and row.state in {"open", "overdue"},
        }
        for row in sorted(content.obligations.rows, key=place)
        if row.report in programme.report
    ]


def _more(words: str, count: int, language: str) -> str:
    """Say that so many more are not shown; nothing where all are."""
    return words.format(count=format_decimal(count, locale=language)) if count else ""


def render_mute(programme: Programme, language: str, *, days: int, done: bool) -> str:
    """Render what a mail program's own button does, with the button, or that it is done."""
    language = programme.language_for(language)
    said = (_PAUSED if done else _PAUSES).filled(days=days).in_language(language)
    return _template(_MUTE).render(
        title=_PAUSE.in_language(language), programme=programme.text(programme.label, language), said=said, done=done,
        language=language,
    )  # fmt: skip


def render_refusal(message: str, language: str) -> str:
    """Render a refusal that a person reads."""
    return _template(_REFUSAL).render(message=message, language=language)


def state_words(state: str) -> Words:
    """Name a state as the page does, in both languages."""
    return Words(_WORDS["vi"][state], _WORDS["en"][state])


def _owner(programme: Programme, unit: Unit, agency: str, language: str) -> str:
    """Say who owes a report, or met an obstacle, as the letters do: the agency at its unit, with the unit's code."""
    return f"{_office(programme, unit, agency, language)} ({unit.code})"


def _office(programme: Programme, unit: Unit, agency: str, language: str) -> str:
    return seated(programme.agency_name(agency, language), unit, language)


@cache
def _template(text: str) -> Template:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(text)
