"""What the codes of the board's own refusals mean and how they are cured, for `docs/errors.md`."""

from shared.documents.cures import Cure
from shared.wording.words import Words

_AGAIN = Words(
    "Thử lại sau ít phút; nếu vẫn vậy, báo cho bộ phận quản trị hệ thống.",
    "Try again soon; if it stays so, tell whoever runs the system.",
)
# Code, status, meaning and cure.
BOARD_CURES: dict[str, tuple[int, Cure]] = {
    "too_often": (429, Cure(
        Words(
            "Quá nhiều yêu cầu từ cùng một địa chỉ mạng, hoặc của cùng một cán bộ, trong thời gian ngắn.",
            "Too many requests from one network address, or of one officer, within a short time.",
        ),
        Words("Thử lại sau `Retry-After`.", "Try again after `Retry-After`."),
    )),
    "no_answer": (502, Cure(
        Words(
            "Dịch vụ phía sau không trả lời, hoặc trả lời quá dài.",
            "The service behind does not answer, or answers too much.",
        ),
        _AGAIN,
    )),
    "late_answer": (504, Cure(
        Words("Dịch vụ phía sau không trả lời trong 5 giây.", "The service behind has not answered within 5 s."), _AGAIN
    )),
}  # fmt: skip
