"""A person at the pages of sign-in, with a browser that runs no script."""

import html.parser
import urllib.parse

import httpx2


class Page(html.parser.HTMLParser):
    """What a page holds: its form, and where it sends the browser."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.action = ""
        self.fields = {}
        self.to = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes.get("action", "")
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


def sign_in(url, login, access="all"):
    """Does what a host asks for at a server that an identity provider tells who somebody is; returns the last page."""
    with httpx2.Client(trust_env=False) as browser:

        def read(url, **form):
            origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
            response = browser.post(url, data=form, headers={"Origin": origin}) if form else browser.get(url)
            while response.is_redirect:
                response = browser.get(urllib.parse.urljoin(str(response.url), response.headers["Location"]))
            return str(response.url), Page(response.text)

        def send(shown, **more):
            url, page = shown
            return read(urllib.parse.urljoin(url, page.action), **{**page.fields, **more})

        _, going = send(read(url), access=access, decision="next")
        # The provider asks who somebody is, and then whether the server may know.
        shown = send(read(going.to), login=login, password="any")
        url, page = shown = send(shown)
        return send(shown, decision="yes")[1] if "Is this you?" in page.text else page


def answered(address):
    """The parameters in such an address."""
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
