"""No picture on the television, and faults reported by hand: the questions, the photo, the report, hostile uploads."""

import http.client
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import segno
from panel_room import PIN, Browser, Room
from PIL import Image
from playwright.sync_api import Browser as Chromium

from kiosk.common.photos import MOST_UPLOAD, Photo
from kiosk.station.events import PictureCheckSet
from kiosk.station.health.events import FaultMended, FaultReported
from kiosk.station.health.reported import MOST_OPEN, HandReport
from kiosk.station.panel.no_picture import ANSWERS, TEXTS, Kind, judge, read_answers
from kiosk.station.panel.photo_folder import PhotoFolder

CODE = "K482913"


def photo(text: str = CODE) -> bytes:
    file, drawn = BytesIO(), BytesIO()
    segno.make(text, error="h", micro=False).save(drawn, kind="png", scale=10, border=4)
    Image.open(drawn).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def sent(
    phone: Browser, path: str, fields: dict[str, str], data: bytes | None = None, **head: str
) -> requests.Response:
    """The form of a page that takes a photo, as a browser sends it."""
    parts = {name: (None, value) for name, value in fields.items()}
    parts["photo"] = ("photo.jpg", data or b"")  # type: ignore[assignment]
    return phone.session.post(
        phone.base + path, files=parts, headers={"Origin": phone.base, **head}, timeout=30, allow_redirects=False
    )


def hidden(phone: Browser, page: str, action: str) -> dict[str, str]:
    text = phone.get(page).text.replace(' enctype="multipart/form-data"', "").replace(' id="questions"', "")
    found = text.split(f'<form method="post" action="{action}">')[1].split("</form>")[0]
    names = [part.split('"')[0] for part in found.split('<input type="hidden" name="')[1:]]
    values = [part.split('"')[0] for part in found.split('" value="')[1:]]
    return dict(zip(names, values, strict=False))


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"shows": "dark"}, "power"),
        ({"shows": "standby"}, "standby"),
        ({"shows": "no-signal"}, "input"),
        ({"shows": "no-signal", "cable": "in", "input": "pc"}, "signal"),
        ({"shows": "no-signal", "cable": "out"}, "cable"),
        ({"shows": "other", "cable": "in"}, "input"),
        ({"shows": "test"}, "none"),
        ({"cable": "in"}, "unknown"),
        ({"input": "other"}, "input"),
    ],
)
def test_three_answers_tell_pc_input_and_television_apart(answers: dict[str, str], kind: Kind) -> None:
    assert judge(answers, sends=True).kind == kind
    assert judge(answers, sends=False).kind == "pc"
    assert judge(answers, sends=True, shown=CODE, codes=(CODE,)).kind == "none", "a photo goes before words"


def test_photo_proves_what_it_shows_and_no_more() -> None:
    assert judge({}, True, CODE, ("K000000",)).photo == "no-code"
    assert judge({}, True, CODE, ()) == judge({}, True, CODE, ("another",))
    assert judge({}, True, "", (CODE,)).photo == "not-shown", "an old photo of an old code proves nothing"
    assert judge({"shows": "dark"}, True, CODE, ()).kind == "power"
    assert {judge(read_answers({q: a}), True).kind for q, found in ANSWERS.items() for a in found} <= TEXTS.keys()
    assert read_answers({"shows": "<script>", "cable": "in", "x": "y"}) == {"cable": "in"}


def test_one_photo_of_the_test_picture_says_that_all_is_right(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/no-picture", "/no-picture/test")
    administrator.post("/no-picture/test", fields | {"on": "1"})
    assert [(event.by, event.on) for event in room.posted if isinstance(event, PictureCheckSet)] == [("panel", True)]
    assert room.snapshot.picture_check == CODE and CODE in administrator.text("/no-picture")
    answer = sent(administrator, "/no-picture", hidden(administrator, "/no-picture", "/no-picture"), photo())
    assert answer.status_code == 200 and "电视显示的就是电脑的画面" in answer.text
    assert "报给镇里" not in answer.text


def test_answers_and_photo_go_into_the_report(administrator: Browser, room: Room, state: Path) -> None:
    room.snapshot = replace(room.snapshot, picture_check=CODE)
    fields = hidden(administrator, "/no-picture", "/no-picture") | {"shows": "standby", "cable": "unseen"}
    verdict = sent(administrator, "/no-picture", fields, photo("something else"))
    assert "待机" in verdict.text and "照片里没有找到测试画面的方码" in verdict.text
    form = verdict.text.split('action="/report"')[1].split("</form>")[0]
    names = dict(part.split('">')[0].split('" value="') for part in form.split('type="hidden" name="')[1:])
    answer = sent(administrator, "/report", names)
    assert answer.status_code == 303
    [event] = [one for one in room.posted if isinstance(one, FaultReported)]
    assert (event.device, dict(event.facts)) == ("电视机", {"shows": "standby", "cable": "unseen"})
    assert "电视好像在待机" in event.text
    assert (state / "photos" / f"{event.picture}.jpg").is_file(), "and no longer among those only looked at"
    assert administrator.get(f"/photo/{event.picture}.jpg").content[:2] == b"\xff\xd8"
    stranger = requests.get(f"{administrator.base}/photo/{event.picture}.jpg", timeout=10)
    assert stranger.status_code == 404


def test_fault_by_hand_is_shown_and_mended_once(administrator: Browser, room: Room) -> None:
    fields = hidden(administrator, "/report", "/report") | {"device": "音箱", "text": "<b>没有\n声音</b>" + "啊" * 500}
    assert sent(administrator, "/report", fields).status_code == 303
    [event] = [one for one in room.posted if isinstance(one, FaultReported)]
    assert len(event.text) == 400 and "\n" not in event.text and event.picture == ""
    page = administrator.get().text
    assert "<b>没有" not in page and "音箱：&lt;b&gt;没有 声音" in page
    assert "有 1 项需要处理" in administrator.text() and "一切正常" not in administrator.text()
    administrator.post("/report/mended", administrator.fields("/", "/report/mended"))
    assert [one.fault for one in room.posted if isinstance(one, FaultMended)] == ["reported.1"]
    assert "手动报修的故障" not in administrator.text()


def test_photos_only_looked_at_never_push_out_those_of_the_record(tmp_path: Path) -> None:
    kept, seen = PhotoFolder(tmp_path / "kept", 3), PhotoFolder(tmp_path / "seen", 2)
    shown = [Photo(b"\xff\xd8" + bytes([number]), ()) for number in range(4)]
    assert kept.take_over(seen.keep(shown[0]), seen) == shown[0].sha256
    for photo in shown[1:]:
        seen.keep(photo)
    assert len(list((tmp_path / "seen").iterdir())) == 2
    assert kept.path(shown[0].sha256).read_bytes() == shown[0].jpeg
    assert kept.take_over("../seen/" + shown[3].sha256, seen) == kept.take_over("f" * 64, seen) == ""


def test_a_room_full_of_open_reports_says_so(administrator: Browser, room: Room) -> None:
    full = tuple(
        HandReport(fault=f"reported.{n}", device="音箱", text="x", by="panel", found_ms=0) for n in range(MOST_OPEN)
    )
    room.snapshot = replace(room.snapshot, reports=full)
    fields = hidden(administrator, "/report", "/report") | {"device": "音箱", "text": "响"}
    answer = sent(administrator, "/report", fields)
    assert answer.status_code == 422 and "没有上报" in answer.text and room.posted == []


def test_report_without_words_or_with_a_broken_photo_asks_again(administrator: Browser, room: Room) -> None:
    fields = hidden(administrator, "/report", "/report")
    answer = sent(administrator, "/report", fields | {"device": "音箱", "text": " \t"})
    assert answer.status_code == 422 and 'value="音箱" checked' in answer.text
    answer = sent(administrator, "/report", fields | {"device": "音箱", "text": "响"}, b"\xff\xd8 no photo")
    assert answer.status_code == 422 and "照片读不出来" in answer.text and "响</textarea>" in answer.text
    assert room.posted == []


def test_an_upload_of_2_gb_is_refused_before_it_is_read(administrator: Browser) -> None:
    address = urlsplit(administrator.base)
    line = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    line.putrequest("POST", "/report")
    cookies = "; ".join(f"{one.name}={one.value}" for one in administrator.session.cookies)
    for name, value in {"Cookie": cookies, "Origin": administrator.base, "Content-Length": str(2 << 30)}.items():
        line.putheader(name, value)
    began = time.monotonic()
    line.endheaders(b"--x\r\n")
    assert line.getresponse().status == 413
    assert time.monotonic() - began < 3
    line.close()


def test_body_that_hides_its_length_is_refused_too(administrator: Browser) -> None:
    pieces = (b"x" * (1 << 20) for _ in range(MOST_UPLOAD // (1 << 20) + 2))
    try:
        answer = administrator.session.post(
            f"{administrator.base}/report", data=pieces, headers={"Origin": administrator.base}, timeout=20
        )
    except requests.RequestException:  # it was hung up on while it still sent
        return
    assert answer.status_code in (400, 413)


def test_foreign_and_strange_uploads_change_nothing(administrator: Browser, room: Room, state: Path) -> None:
    fields = hidden(administrator, "/report", "/report") | {"device": "x", "text": "y"}
    assert sent(administrator, "/report", fields, photo(), Origin="http://evil.example").status_code == 403
    assert sent(administrator, "/report", fields | {"token": "x"}, photo()).status_code == 403
    stranger = Browser(administrator.base)
    assert sent(stranger, "/report", fields, photo()).headers["location"] == "/login"
    assert administrator.post("/report", {"device": "x"}).status_code in (400, 403)
    for name in ("sent_photo",):
        sent(administrator, "/report", fields | {name: "../../panel-pin"})
    assert [one.picture for one in room.posted if isinstance(one, FaultReported)] == [""]
    assert not (state / "photos").exists() or not list((state / "photos").iterdir())
    assert administrator.get("/photo/..%2Fpanel-pin.json.jpg").status_code == 404


def test_photo_of_a_camera_is_made_small_in_the_browser_and_tells_the_code(
    chromium: Chromium, base: str, room: Room, tmp_path: Path
) -> None:
    big, noise = tmp_path / "IMG_0001.png", Image.effect_noise((2400, 1800), 90).convert("RGB")
    noise.paste(Image.open(BytesIO(photo())).resize((900, 900)), (700, 400))
    noise.save(big, compress_level=1)
    assert big.stat().st_size > 5_000_000
    room.snapshot = replace(room.snapshot, picture_check=CODE)
    context = chromium.new_context(base_url=base, viewport={"width": 390, "height": 844})
    page, sizes = context.new_page(), []
    page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
    page.on("request", lambda asked: sizes.append(int(asked.header_value("content-length") or 0)))
    page.goto("/login")
    page.fill("#pin", PIN)
    page.keyboard.press("Enter")
    page.click("#to-no-picture")
    page.set_input_files("#photo", big)
    page.click("#questions button.press")
    page.wait_for_selector("#verdict")
    assert "电视显示的就是电脑的画面" in page.inner_text("#verdict")
    assert "照片里有测试画面的方码" in page.inner_text("#verdict")
    assert 0 < max(sizes) < 320_000
    small = tmp_path / "small.jpg"
    small.write_bytes(photo("another"))
    page.goto("/no-picture")
    page.set_input_files("#photo", small)
    page.click("#questions button.press")
    page.wait_for_selector("#verdict")
    assert "照片里没有找到测试画面的方码" in page.inner_text("#verdict")
    context.close()


def test_without_script_three_answers_are_enough_and_the_report_goes_out(
    chromium: Chromium, base: str, room: Room
) -> None:
    context = chromium.new_context(base_url=base, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login")
    page.fill("#pin", PIN)
    page.keyboard.press("Enter")
    page.wait_for_selector("#stop")
    page.goto("/no-picture")
    page.check("input[value=no-signal]")
    page.check("input[name=cable][value=in]")
    page.check("input[name=input][value=pc]")
    page.click("#questions button.press")
    assert "没有送到电视" in page.inner_text("#verdict")
    page.click("button.stop")
    page.wait_for_url("**/#state")
    [event] = [one for one in room.posted if isinstance(one, FaultReported)]
    assert dict(event.facts) == {"shows": "no-signal", "cable": "in", "input": "pc"}
    context.close()
