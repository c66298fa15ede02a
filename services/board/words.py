"""What the board says to a client that it can't serve."""

from enum import Enum

from shared.wording.words import Words


class BoardWords(Enum):
    """Why, with the cure."""

    NO_ANSWER = Words(
        "dịch vụ phía sau không trả lời; hãy thử lại sau ít phút", "the service behind does not answer; try again soon"
    )
    LATE_ANSWER = Words(
        "dịch vụ phía sau không trả lời trong {seconds} giây; hãy thử lại sau ít phút",
        "the service behind has not answered within {seconds} s; try again soon",
    )
    TOO_OFTEN = Words(
        "quá nhiều yêu cầu từ cùng một địa chỉ; hãy thử lại sau {seconds} giây",
        "too many requests from one address; try again in {seconds} s",
    )
    LONG_ANSWER = Words(
        "dịch vụ phía sau trả lời dài quá {most} byte; hãy báo cho bộ phận quản trị hệ thống",
        "the service behind answers more than {most} bytes; tell whoever runs the system",
    )
