from tests.system import kip


def test_every_text_is_shown_in_both_languages_and_one_can_be_chosen():
    shown = kip("alert", "preview", "programmes/ecd-1437", environment={})
    assert "messages/vi/overdue.j2: Báo cáo quá hạn: Huyện Hữu Lũng" in shown
    assert "messages/en/summary.j2: Monthly summary of reports in Huyện Hữu Lũng" in shown
    one = kip("alert", "preview", "programmes/ecd-1437", "--text", "summary", "--language", "vi", environment={})
    assert "đúng hạn 20/23 (87%, tăng 4,3 điểm so với kỳ trước), muộn 2, chưa gửi 1" in one
    assert "overdue" not in one
