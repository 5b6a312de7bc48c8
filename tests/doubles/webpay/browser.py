"""A customer's browser without scripts: it keeps cookies, follows links, presses buttons."""

from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import urlencode, urljoin, urlsplit

MOST_REDIRECTS = 5


class Form(NamedTuple):
    """A form of a page."""

    method: str
    action: str
    fields: Dict[str, str]


class Page(NamedTuple):
    """What the browser shows."""

    url: str
    status: int
    headers: Dict[str, str]
    text: str
    forms: Tuple[Form, ...]
    links: Tuple[str, ...]
    title: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: List[Form] = []
        self.links: List[str] = []
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(known.get("method", "get"), known.get("action", ""), {}))
        elif tag == "input" and self.forms and "name" in known:
            self.forms[-1].fields[known["name"]] = known.get("value", "")
        elif tag == "a" and "href" in known:
            self.links.append(known["href"])
        self._in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False


class Browser:
    """`cookies` are sent to every host below `home`, the panel's address."""

    def __init__(self, home: str, cookies: Dict[str, str]) -> None:
        self.home = home
        self.cookies = cookies
        self.page: Optional[Page] = None

    def open(self, url: str, body: Optional[str] = None) -> Page:
        """Go to an address; redirects are followed."""
        for _ in range(MOST_REDIRECTS):
            page = self._request(url, body)
            if page.status not in (301, 302, 303):
                self.page = page
                return page
            url, body = urljoin(url, page.headers["Location"]), None
        raise AssertionError(f"redirected for ever: {url}")

    def press(self, **typed: str) -> Page:
        """Press the button of the page's form."""
        assert self.page is not None
        (form,) = self.page.forms
        url = urljoin(self.page.url, form.action)
        return self.open(url, urlencode({**form.fields, **typed}))

    def follow(self) -> Page:
        """Follow the last link of the page."""
        assert self.page is not None
        return self.open(urljoin(self.page.url, self.page.links[-1]))

    def _request(self, url: str, body: Optional[str]) -> Page:
        parts = urlsplit(url)
        headers = {}
        if url.startswith(self.home):
            headers["Cookie"] = "; ".join(f"{name}={one}" for name, one in self.cookies.items())
        if self.page is not None:
            headers["Referer"] = "{0.scheme}://{0.netloc}/".format(urlsplit(self.page.url))
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET" if body is None else "POST", path or "/", body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        reader = _Reader()
        reader.feed(text)
        return Page(
            url,
            answer.status,
            dict(answer.getheaders()),
            text,
            tuple(reader.forms),
            tuple(reader.links),
            reader.title,
        )
