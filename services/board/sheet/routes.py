"""The addresses of the sheet beside a report's form."""

from pathlib import Path

from starlette.routing import Route

from services.board.report.opening import ReportPages
from services.board.sheet.steps import Sheets

TEMPLATES = Path(__file__).parent / "templates"


def sheet_routes(pages: ReportPages, sheets: Sheets) -> list[Route]:
    """List the routes: the page where a sheet is uploaded, and the file."""
    base = "/report/{obligation}"
    return [
        Route(f"{base}/sheet", pages.step(sheets.step, fills=True), methods=["GET", "POST"]),
        Route(f"{base}/sheet.xlsx", pages.step(sheets.download, fills=True), methods=["GET"]),
    ]
