"""The addresses of a report's pages: `/report/{obligation}` and its steps. GET shows, POST keeps or hands in."""

from pathlib import Path

from starlette.routing import Route

from services.board.report.closing_steps import check, receipt
from services.board.report.figure_steps import figure_step, overview
from services.board.report.opening import ReportPages
from services.board.report.record_steps import (
    activities,
    activity_step,
    activity_type,
    problems,
    remove_activity,
    remove_problem,
    resolve_problem,
    withdraw_activity,
)

TEMPLATES, STATIC = Path(__file__).parent / "templates", Path(__file__).parent / "static"
_GET, _POST, _BOTH = ["GET"], ["POST"], ["GET", "POST"]
_LOOKED_AT = (("", overview), ("/receipt/{number}", receipt))
_FILLED_IN = (
    ("/figure/{indicator}/{period}", _BOTH, figure_step),
    ("/activities", _GET, activities),
    ("/activity", _GET, activity_type),
    ("/activity/{record}", _BOTH, activity_step),
    ("/activity/{record}/withdraw", _POST, withdraw_activity),
    ("/activity/{record}/remove", _POST, remove_activity),
    ("/problems", _BOTH, problems),
    ("/problem/{record}/resolve", _POST, resolve_problem),
    ("/problem/{record}/remove", _POST, remove_problem),
    ("/check", _BOTH, check),
)


def report_routes(pages: ReportPages) -> list[Route]:
    """List the routes of the form."""
    base = "/report/{obligation}"
    return [
        *(Route(base + path, pages.step(step, fills=False), methods=_GET) for path, step in _LOOKED_AT),
        *(Route(base + path, pages.step(step, fills=True), methods=how) for path, how, step in _FILLED_IN),
    ]
