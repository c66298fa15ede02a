"""From the link in a message to a figure that counts: the form behind the board's door, in front of all services."""

import asyncio
from typing import Any

from demo.browser import Browser, Shown, browse
from deploy.local.http import LOCAL
from tests.board.conftest import Office
from tests.board.site import FIGURE, KNOWLEDGE, SESSION
from tests.board.test_entering import rows
from tests.system import wait_until

AN, XUAN, BINH = "nguyen.an@example.vn", "xuan@example.vn", "binh@example.vn"
AN_OWES = "/report/ecd-1437~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0"
XUAN_OWES = "/report/ecd-1437~progress-quarterly~06427@1~ubnd-xa~2023-Q1~0"


async def enter(office: Office, browser: Browser, address: str) -> Shown:
    """Open the link of the mail, and press its button."""
    page = await browser.open(office.link_of(address))
    return await browser.submit(page, {})


async def verify(office: Office, browser: Browser, address: str, page: Shown) -> Shown:
    """Have a code sent from the page that asks for one, and type in what came; the page behind it."""
    assert page.heading == "Xác nhận thiết bị"
    before = len(office.mails_to(address))
    page = await browser.submit(page, {}, 1)  # behind the head's «sign out»
    return await browser.submit(page, {"code": await asyncio.to_thread(office.code_of, address, before)}, 1)


def state_of(office: Office, path: str) -> str:
    headers = {"Authorization": f"Bearer {office.reader_key}"}
    answer = LOCAL.get(
        f"{office.services.url('notifications')}/v1/obligations/{path.rpartition('/')[2]}", headers=headers
    )
    return str(answer.json()["state"])


def district(office: Office) -> dict[str, Any]:
    """The district's figure, and how many of those expected have reported."""
    (row,) = office.rollups(
        programme="ecd-1437", indicator="child-service-access", within="186@1", level="district", period="2023-Q1"
    )
    return {name: row[name] for name in ("numerator", "denominator", "units_reported", "units_missing")}


async def test_a_report_is_handed_in_from_the_link_in_a_mail(office: Office) -> None:
    before = district(office)
    async with browse(office.url) as browser:
        page = await enter(office, browser, AN)
        assert page.heading == "Báo cáo nêu trong thư"
        page = await browser.open(page.link("Lập báo cáo"))
        assert page.path == AN_OWES
        assert "Đề án 1437 UBND xã Yên Vượng Kỳ báo cáo:" in page.text
        assert "Đã quá hạn nộp: 17:00 ngày 16/03/2023" in page.text
        page = await verify(office, browser, AN, await browser.open(page.link("Tiếp tục")))
        assert page.path == f"{AN_OWES}/figure/child-service-access/2023-Q1"  # where the way was broken off
        page = await browser.submit(page, FIGURE, 1)
        page = await browser.submit(page, KNOWLEDGE, 1)
        assert page.heading == "Hoạt động trong kỳ"
        page = await browser.open(page.link("Thêm hoạt động"))
        page = await browser.submit(page, {"activity": "parent-counselling"}, 1)
        page = await browser.submit(page, SESSION, 1)
        assert "09/03/2023 Mới thêm, chưa nộp" in page.text
        page = await browser.open(page.link("Tiếp tục"))
        page = await browser.submit(page, page.sent_by("Tiếp tục"), page.form_with("Tiếp tục"))
        assert page.heading == "Kiểm tra trước khi nộp"
        assert "412 trên 530" in page.text
        page = await browser.submit(page, {}, 1)
        assert (page.path, page.heading) == (f"{AN_OWES}/receipt/1", "Đã nhận báo cáo")
        assert "Nộp chậm 4 ngày so với hạn 17:00 ngày 16/03/2023" in page.text
        receipt = page.path
        async with asyncio.timeout(60):
            while "Đã tính vào số liệu" not in page.text:
                page = await browser.open(receipt)
        await asyncio.to_thread(wait_until, lambda: state_of(office, AN_OWES) == "late_met", "the obligation is met")
        desk = await browser.open("/")
        leads = {it.get("href"): "".join(it.itertext()) for it in desk.all("a")}
        assert leads[AN_OWES].startswith("Sửa số liệu"), "it isn't owed, it can be corrected"
        assert leads[receipt].startswith("Xem biên nhận")
    noted = await asyncio.to_thread(
        rows, office, "SELECT about, outcome, device IS NOT NULL FROM board.act WHERE what = 'hand_in'"
    )
    assert [tuple(act) for act in noted] == [(AN_OWES.rpartition("/")[2], "accepted", True)]
    after = {**before, "numerator": 412, "denominator": 530, "units_reported": before["units_reported"] + 1,
             "units_missing": before["units_missing"] - 1}  # fmt: skip
    await asyncio.to_thread(wait_until, lambda: district(office) == after, "figure and coverage of the district follow")


async def test_a_device_that_is_not_verified_looks_at_what_its_message_named_and_fills_nothing_in(
    office: Office,
) -> None:
    async with browse(office.url) as nobody:
        shown = await nobody.open(XUAN_OWES)
        assert (shown.status, shown.heading) == (403, "Ông/Bà chưa vào hệ thống trên thiết bị này")
    async with browse(office.url) as browser:
        await enter(office, browser, XUAN)
        assert (await browser.open(XUAN_OWES)).status == 200
        shown = await browser.open(AN_OWES)
        assert (shown.status, shown.heading) == (403, "Trang này cần thiết bị đã xác nhận")
        figure = f"{XUAN_OWES}/figure/child-service-access/2023-Q1"
        for path in (figure, f"{XUAN_OWES}/problems", f"{XUAN_OWES}/check"):
            shown = await browser.open(path)
            assert (shown.heading, dict(shown.fields(1))["next"]) == ("Xác nhận thiết bị", path)
        shown = await browser.post(figure, {"version": "1", **FIGURE})
        assert (shown.heading, dict(shown.fields(1))["next"]) == ("Xác nhận thiết bị", XUAN_OWES)


async def test_the_level_above_looks_and_only_who_owes_a_report_fills_it_in(office: Office) -> None:
    async with browse(office.url) as browser:
        await verify(office, browser, BINH, await browser.open((await enter(office, browser, BINH)).link("Xác nhận")))
        shown = await browser.open(XUAN_OWES)
        assert shown.status == 200
        assert not [it for it in shown.all("a") if "/figure/" in str(it.get("href"))]
        for path in ("/figure/child-service-access/2023-Q1", "/activities", "/problems", "/check"):
            refused = await browser.open(f"{XUAN_OWES}{path}")
            assert (refused.status, refused.heading) == (403, "Báo cáo này của đơn vị khác")
        refused = await browser.post(f"{XUAN_OWES}/check", {"version": "1", "number": "1"})
        assert (refused.status, refused.heading) == (403, "Báo cáo này của đơn vị khác")
        elsewhere = XUAN_OWES.replace("06427@1", "00004@1")  # another province's
        assert (await browser.open(elsewhere)).status == 404
