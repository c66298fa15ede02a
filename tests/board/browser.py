"""A browser without JavaScript: follows links, fills forms in and submits them as the HTML says, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree import ElementTree

import html5lib
import httpx

_SPACE = "{http://www.w3.org/1999/xhtml}"


def named(element: ElementTree.Element) -> str:
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
        return [element for element in self.tree.iter() if named(element) in tags]

    @property
    def text(self) -> str:
        """What a reader sees, its spaces made one."""
        return " ".join(" ".join(self.tree.itertext()).split())

    @property
    def heading(self) -> str:
        return " ".join("".join(self.all("h1")[0].itertext()).split())

    def link(self, text: str) -> str:
        """The address of the first link that says so."""
        return next(str(it.get("href")) for it in self.all("a") if text in "".join(it.itertext()))

    def form(self, number: int = 0) -> ElementTree.Element:
        return self.all("form")[number]

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
        return self._shown(await self._client.get(path, follow_redirects=True))

    async def submit(self, page: Shown, typed: Mapping[str, str], number: int = 0) -> Shown:
        """Fill a form of the page in, and press its button."""
        form, fields = page.form(number), dict(page.fields(number))
        known = {str(it.get("name")) for it in form.iter() if it.get("name")}
        assert typed.keys() <= known, f"no such field: {typed.keys() - known}"
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
