import pytest
from pydantic import ValidationError

from contracts.webhooks import NewWebhook


@pytest.mark.parametrize(
    "url",
    [
        "https://good@evil.example/",
        "https://good:pass@evil.example/",
        "https://evil.example#@good.example/",
        "https://evil.example\\@good.example/",
        "https://example.org/\t",
        "https://example.org/\n",
        "https://exämple.org/",
        "https://①②⑦.0.0.1/",
        "https:///path",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://" + "a." * 300 + "org/",
        "ftp://example.org/",
        "javascript:alert(1)",
        "example.org",
        "https://example.org/" + "a" * 2048,
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_none(url: str) -> None:
    with pytest.raises(ValidationError):
        NewWebhook(url=url)


@pytest.mark.parametrize(
    "url", ["https://example.org", "https://example.org:8443/a?b=c", "https://xn--exmple-cua.org/"]
)
def test_an_address(url: str) -> None:
    assert NewWebhook(url=url).url == url
