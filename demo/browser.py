"""A browser without JavaScript: follows links, fills forms in and submits them as the HTML says, and nothing else."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree import ElementTree

import html5lib
import httpx

_SPACE = "{http://www.w3.org/1999/xhtml}"
PAGE_SECONDS = 30.0
# A browser knows a connection that the server had closed from one that broke, and asks again: none is kept here.
_NOT_KEPT = httpx.Limits(max_keepalive_connections=0)


def named(element: ElementTree.Element) -> str:
    """Name an element, without its name space."""
    return element.tag.removeprefix(_SPACE)


@dataclass
class Shown:
    """A page that came: its status, address, and what stands on it."""

    status: int
    path: str
    html: str

    def __post_init__(self) -> None:
        self.tree = html5lib.parse(self.html)

    def all(self, *tags: str) -> list[ElementTree.Element]:
        """List the elements of these names."""
        return [element for element in self.tree.iter() if named(element) in tags]

    @property
    def text(self) -> str:
        """What a reader sees, its spaces made one."""
        return " ".join(" ".join(self.tree.itertext()).split())

    @property
    def heading(self) -> str:
        """What the page is called."""
        return " ".join("".join(self.all("h1")[0].itertext()).split())

    def link(self, text: str) -> str:
        """The address of the first link that says so. Raises LookupError where there is none."""
        return self._first(it for it in self.all("a") if text in "".join(it.itertext()))

    def link_to(self, start: str) -> str:
        """The address of the first link whose address begins so. Raises LookupError where there is none."""
        return self._first(it for it in self.all("a") if str(it.get("href")).startswith(start))

    def _first(self, links: Iterator[ElementTree.Element]) -> str:
        found = next(links, None)
        if found is None:
            raise LookupError(f"no such link on {self}")
        return str(found.get("href"))

    def __str__(self) -> str:
        return f"{self.path} ({self.status}, {self.heading!r})"

    def form(self, number: int = 0) -> ElementTree.Element:
        """The form of this number on the page."""
        return self.all("form")[number]

    def form_with(self, button: str) -> int:
        """The number of the first form with a button that says so. Raises LookupError where there is none."""
        for number, form in enumerate(self.all("form")):
            if any(button in "".join(it.itertext()) for it in form.iter() if named(it) == "button"):
                return number
        raise LookupError(f"no button {button!r} on {self}")

    def sent_by(self, button: str) -> dict[str, str]:
        """What the first button that says so sends beside its form's fields."""
        found = next(it for it in self.all("button") if button in "".join(it.itertext()))
        name = found.get("name")
        return {} if name is None else {name: found.get("value", "")}

    def fields(self, number: int = 0) -> list[tuple[str, str]]:
        """What submitting the form sends, as it stands."""
        found: list[tuple[str, str]] = []
        for element in self.form(number).iter():
            name, kind = element.get("name"), element.get("type", "")
            if name is None or (kind in {"radio", "checkbox"} and element.get("checked") is None):
                continue
            if named(element) == "input":
                found.append((name, element.get("value", "on" if kind else "")))
            elif named(element) == "textarea":
                found.append((name, "".join(element.itertext())))
            elif named(element) == "select":
                options = [option for option in element.iter() if named(option) == "option"]
                chosen = next((it for it in options if it.get("selected") is not None), options[0])
                found.append((name, str(chosen.get("value"))))
        return found


class Browser:
    """One tab."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(self, path: str) -> Shown:
        """Open an address, and go where it leads."""
        return self._shown(await self._client.get(path, follow_redirects=True))

    async def submit(self, page: Shown, typed: Mapping[str, str], number: int = 0) -> Shown:
        """Fill a form of the page in, and press its button. Raises LookupError for a field that it hasn't."""
        form, fields = page.form(number), dict(page.fields(number))
        known = {str(it.get("name")) for it in form.iter() if it.get("name")}
        if not typed.keys() <= known:
            raise LookupError(f"no such field: {typed.keys() - known}")
        fields |= typed
        path = urljoin(page.path, form.get("action", page.path))
        if form.get("method") == "get":
            return self._shown(await self._client.get(path, params=fields, follow_redirects=True))
        return self._shown(await self._client.post(path, data=fields, follow_redirects=True))

    async def post(self, path: str, typed: Mapping[str, str]) -> Shown:
        """Post what no page has offered here."""
        return self._shown(await self._client.post(path, data=typed, follow_redirects=True))

    def _shown(self, answer: httpx.Response) -> Shown:
        return Shown(answer.status_code, answer.url.raw_path.decode(), answer.text)


@asynccontextmanager
async def browse(origin: str, language: str = "vi") -> AsyncIterator[Browser]:
    """Open a tab of a site, with cookies and with what a browser says of its own posts."""
    headers = {"Accept": "text/html", "Accept-Language": language, "Origin": origin, "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(
        base_url=origin, headers=headers, trust_env=False, timeout=PAGE_SECONDS, limits=_NOT_KEPT
    ) as client:
        yield Browser(client)
