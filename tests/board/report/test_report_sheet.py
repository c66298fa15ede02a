"""What the page says right after a sheet was uploaded of figures that are only unusual."""

import httpx

from demo.browser import Browser
from tests.acting import Board
from tests.board.sheets import ACCESS, KNOWLEDGE, Book
from tests.board.site import Site, counted


async def uploaded(client: httpx.AsyncClient, start: str, sheet: Book, version: int) -> httpx.Response:
    posted = {"data": {"version": str(version)}, "files": {"file": ("a.xlsx", sheet.saved())}}
    return await client.post(f"{start}/sheet", **posted)  # type: ignore[arg-type]


async def test_an_unusual_figure_of_a_sheet_is_told_at_its_cell_as_what_is_wrong_is(
    site: Site, browser: Browser, start: str, board: Board, commune: str
) -> None:
    counted(board, commune, "2022-Q4", 477, 530)
    async with site.client() as client:
        sheet = Book((await client.get(f"{start}/sheet.xlsx")).content)
        cell = sheet.figure(ACCESS, 106, 530)
        wrong = sheet.figure(KNOWLEDGE, 900, 300)
        told = f"Trang «Chỉ tiêu», ô {cell}: Kết quả là 20%, trong khi quý IV năm 2022 là 90%"
        refused = await uploaded(client, start, sheet, 1)
        assert (refused.status_code, told in refused.text, f"ô {wrong}: Tử số lớn hơn" in refused.text) == (
            422,
            True,
            True,
        )
        assert "Đã điền vào báo cáo" not in refused.text
        sheet.figure(KNOWLEDGE, 300, 900)
        taken = await uploaded(client, start, sheet, 1)
    assert taken.status_code == 200
    assert "Đã điền vào báo cáo" in taken.text
    assert f'<a href="{start}/figure/child-service-access/2023-Q1">{told}</a>' in taken.text
    check = await browser.open(f"{start}/check")
    assert "Kết quả là 20%, trong khi quý IV năm 2022 là 90%. Đề nghị ghi lý do trước khi nộp." in check.text
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    await browser.submit(page, {"reason.ratio_changed": "Trạm y tế đóng cửa hai tháng"})
    page = await browser.submit(await browser.open(f"{start}/check"), {})
    assert page.heading == "Đã nhận báo cáo"
    assert "trong khi quý IV năm 2022 là 90%. Lý do: Trạm y tế đóng cửa hai tháng" in page.text
