"""A caller at a VoiceXML host: it fetches pages, and does what they say."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from xml.etree import ElementTree

VXML = "{http://www.w3.org/2001/vxml}"
PATIENCE = 180.0
"""How many seconds something may take that should be quick."""


@dataclass
class Answer:
    status: int
    content_type: str
    body: bytes


def fetch(url: str, form: dict[str, str] | None = None, method: str | None = None) -> Answer:
    """One request; a refusal is an answer too."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return Answer(response.status, response.headers["Content-Type"], response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers["Content-Type"] or "", error.read())


class Caller:
    """A call: the page that is shown, and what was heard until now."""

    def __init__(self, url: str, **parameters: str) -> None:
        self.url = url
        self.heard: list[str] = []
        self.page = ElementTree.Element("none")
        self.enter(self.url + "?" + urllib.parse.urlencode(parameters))

    def enter(self, url: str, form: dict[str, str] | None = None) -> None:
        """Fetches a page, and goes on until one waits for the caller or is the last."""
        while True:
            answer = fetch(url, form)
            assert (answer.status, answer.content_type) == (200, "application/voicexml+xml;charset=UTF-8"), answer
            self.page = ElementTree.fromstring(answer.body)
            assert self.page.tag == VXML + "vxml"
            assert self.page.get("version") == "2.1"
            self.heard += [prompt.text or "" for prompt in self.page.iterfind(".//" + VXML + "prompt")]
            submit = self.page.find(f"./{VXML}form/{VXML}block/{VXML}submit")
            if submit is None:
                return
            url, form = self.target(submit)

    def target(self, submit: ElementTree.Element, **said: str) -> tuple[str, dict[str, str]]:
        """Where a page leads, with the variables that it names."""
        variables = {
            variable.attrib["name"]: variable.attrib["expr"].strip("'")
            for variable in self.page.iterfind(".//" + VXML + "var")
        }
        variables.update(said)
        names = submit.attrib["namelist"].split()
        return urllib.parse.urljoin(self.url, submit.attrib["next"]), {name: variables[name] for name in names}

    def reaction(self, to: str, **said: str) -> tuple[str, dict[str, str]]:
        """Where `filled`, `noinput` or `catch` of the page leads."""
        submit = self.page.find(f".//{VXML}{to}/{VXML}submit")
        assert submit is not None, ElementTree.tostring(self.page)
        return self.target(submit, **said)

    def say(self, words: str) -> str:
        """Says something, and returns what is heard last."""
        self.enter(*self.reaction("filled", said=words))
        return self.heard[-1]

    def say_nothing(self) -> str:
        self.enter(*self.reaction("noinput"))
        return self.heard[-1]

    def hang_up(self) -> None:
        self.enter(*self.reaction("catch"))

    @property
    def transfer(self) -> tuple[str, str] | None:
        """Where the caller is put through to, and what goes along."""
        found = self.page.find(".//" + VXML + "transfer")
        return None if found is None else (found.attrib["dest"], found.attrib["aai"])

    @property
    def is_over(self) -> bool:
        return self.page.find(f"./{VXML}form/{VXML}block/{VXML}disconnect") is not None
