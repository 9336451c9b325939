"""A person at the pages of sign-in, with a browser that runs no script."""

import html.parser
import urllib.parse

import httpx2


class Page(html.parser.HTMLParser):
    """What a page holds: the fields of its form, and where it sends the browser."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.fields = {}
        self.to = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "input" and attributes["type"] in ("hidden", "text"):
            self.fields[attributes["name"]] = attributes.get("value", "")
        if tag == "meta" and attributes.get("http-equiv") == "refresh":
            self.to = attributes["content"].split("url=", 1)[1]


def agree(url, key, access="all"):
    """Does what a host asks for; returns the address at which it gets its answer."""
    origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
    with httpx2.Client(headers={"Origin": origin}, trust_env=False) as browser:
        page = Page(browser.get(url).text)
        send = lambda **more: Page(browser.post(f"{origin}/authorize", data={**page.fields, **more}).text)
        page = send(key=key, access=access, decision="next")
        page = send(decision="yes")
        assert page.to, page.text
        return page.to


def answered(address):
    """The parameters in such an address."""
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
