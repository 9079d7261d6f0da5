"""The scanner page: complete, from this server alone, and what others wrote unchanged."""

import json
import re
from hashlib import sha256
from pathlib import Path

from services.events.door import page_routes, proofs
from services.events.door.rules import Outcome
from tests.support.apps import Running

FOLDER = page_routes._FOLDER
PAGE = "/check-ins/scanner"


async def test_page_worker_and_files_are_served_strictly_and_tagged(events: Running) -> None:
    async with events.as_() as client:
        page = await client.get(PAGE)
        worker = await client.get(f"{PAGE}-worker.js")
        files = json.loads(re.search(r"FILES = (\[.*?\]);", worker.text)[1])  # type: ignore[index]
        assert files == ["scanner", *(f"scanner/assets/{name}" for name in page_routes.FILES)]
        for file in files[1:]:
            answer = await client.get(f"/check-ins/{file}")
            assert answer.status_code == 200
            assert answer.content == (FOLDER / file.removeprefix("scanner/assets/")).read_bytes()
            tag = {"If-None-Match": answer.headers["etag"]}
            assert (await client.get(f"/check-ins/{file}", headers=tag)).status_code == 304
        missing = [
            await client.get(f"{PAGE}/assets/{name}") for name in ("sw.js", "%2e%2e/rules.py")
        ]
    assert [answer.status_code for answer in missing] == [404, 404]
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "{{" not in worker.text


def test_nothing_on_the_page_comes_from_elsewhere() -> None:
    ours = [name for name in ("page.html", "sw.js", *page_routes.FILES) if "/" not in name]
    found = {
        name: re.findall(r"(?:https?:)?//[a-z][a-z0-9.-]+\.[a-z]+", (FOLDER / name).read_text())
        for name in ours
    }
    assert {name: hits for name, hits in found.items() if hits} == {
        "icon.svg": ["http://www.w3.org"]
    }
    html = (FOLDER / "page.html").read_text()
    # A strict policy runs no inline script or style; the page must not need one.
    assert re.findall(r"<style|\bstyle=|\bon\w+=|<script>", html) == []


def test_every_file_that_a_script_imports_is_kept_for_airplane_mode() -> None:
    imported = set()
    for name in page_routes.FILES:
        if name.endswith(".js"):
            text = (FOLDER / name).read_text()
            folder = name.rpartition("/")[0]
            for target in re.findall(
                r"""(?:^import|^} from|\bimport\(| from) ?["'](\./[^"']+)""", text, re.M
            ):
                imported.add(f"{folder}/{target[2:]}".lstrip("/"))
    assert imported - set(page_routes.FILES) == set()
    assert {"qr/decode.js", "qr/index.js", "ed25519/index.js", "store.js"} <= imported


def test_what_others_wrote_is_what_the_table_says() -> None:
    table = (FOLDER / "VENDORED.md").read_text()
    rows = re.findall(r"^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|$", table, re.M)
    vendored = [name for name in page_routes.FILES if "/" in name]
    assert [name for name, _ in rows] == vendored
    assert {name: sha256((FOLDER / name).read_bytes()).hexdigest() for name in vendored} == dict(
        rows
    )
    assert [(FOLDER / name / "LICENSE").exists() for name in ("qr", "ed25519")] == [True, True]


def test_every_outcome_and_every_label_has_words() -> None:
    words = (FOLDER / "words.js").read_text()
    known = set(re.findall(r"^  (\w+): \{", words, re.M))
    labels = set(re.findall(r'data-say="(\w+)"', (FOLDER / "page.html").read_text()))
    said = set(re.findall(r'say\("(\w+)"', (FOLDER / "main.js").read_text()))
    verdicts = set(re.findall(r'verdict: "(\w+)"', (FOLDER / "tickets.js").read_text()))
    needed = labels | said | verdicts | {outcome.value for outcome in Outcome}
    assert needed - known - {"in"} == set()


def test_page_and_server_sign_the_same_kinds_of_text() -> None:
    kinds = [
        set(re.findall(r'"(kepu-[a-z]+-[0-9])"', text))
        for text in ((FOLDER / "device.js").read_text(), Path(str(proofs.__file__)).read_text())
    ]
    assert kinds == [{"kepu-enrolment-1", "kepu-request-1", "kepu-scan-1"}] * 2
