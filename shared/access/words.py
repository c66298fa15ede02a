"""What every service says of the headers that name an officer or narrow a key."""

from enum import Enum

from shared.wording.words import Words


class AccessWords(Enum):
    """Why, and what was expected."""

    IN_HEADER = Words("{expected} trong tiêu đề {name}", "{expected} in the header {name}")
    ONCE = Words("một giá trị duy nhất", "one value only")
    REACH = Words("uid của một đơn vị trong danh mục, như 19@2,", "the uid of a unit, like 19@2,")
    OFFICER = Words(
        "số và thế hệ của một cán bộ, như 12.0 hoặc 12.0; device=3f9c21ab,",
        "an officer's number and generation, like 12.0 or 12.0; device=3f9c21ab,",
    )
    MAY_NOT_ACT = Words(
        "khóa này không được làm thay cán bộ; hãy thêm khóa bằng «kip source add TÊN --act»",
        "this key may not act for officers; add one with 'kip source add NAME --act'",
    )
    OFFICER_GONE = Words(
        "cán bộ này không còn được đăng ký như vậy; hãy dùng đường dẫn mới nhất đã gửi tới cán bộ",
        "this officer is not registered so any more; use the latest link that was sent to them",
    )
