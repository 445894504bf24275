"""What the documents point at is there, and no file tells where somebody's machine keeps things."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ops.state import ROOT

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"\.?[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]+)*(/|\.(py|md|sql|yaml|yml|toml|lock|txt|json|html))")

_REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|proxy\.golang\.org|crates\.io|(deb|archive|ports)\.(debian|ubuntu)\."
    r"|--(extra-)?index-url|registry-1\.docker\.io"
)
_MACHINE = re.compile(r"(?<![\w.\-/}])(/work/|/Users/\w|/home/(?!linuxbrew/)\w|/root/|[A-Z]:\\Users)")


def _files() -> list[Path]:
    """What git tracks, and what it will when somebody adds it."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return []
    command = [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({path for name in names if name and (path := ROOT / name).is_file()})


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
WITH_PATHS = [ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md", *DECISIONS]


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(_FENCED.sub("", document.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in map(_anchor, _HEADING.findall(target.read_text())), link


@pytest.mark.parametrize("document", WITH_PATHS, ids=_name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    code = _CODE.findall(_FENCED.sub("", document.read_text()))
    paths = {text for text in code if _PATH.fullmatch(text)}
    names = {path.name for path in ROOT.glob("*/*")}
    # A bare name such as `store.py` stands for several files.
    missing = {path for path in paths if not (ROOT / path).exists() and path not in names}
    assert not missing


def test_the_index_lists_every_decision() -> None:
    index = (ROOT / "docs" / "decisions" / "index.md").read_text()
    titles = {path.name: path.read_text().splitlines()[0].partition(". ")[2] for path in DECISIONS}
    assert {link: title for title, link in re.findall(r"\[(.+)\]\((.+)\)", index)} == titles
    assert [int(name[:4]) for name in titles] == list(range(1, len(titles) + 1))


@pytest.mark.parametrize("decision", DECISIONS, ids=_name)
def test_a_decision_says_what_why_and_what_enforces_it(decision: Path) -> None:
    headings = re.findall(r"^## (.+)$", decision.read_text(), flags=re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]


def test_no_file_names_a_package_registry_or_a_place_on_somebodys_machine() -> None:
    files = _files()
    if not files:
        pytest.skip("this is not a git checkout")
    found = []
    for path in files:
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{_name(path)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(lines, 1)
            if path != Path(__file__) and (_REGISTRY.search(line) or _MACHINE.search(line))
        ]
    assert not found
