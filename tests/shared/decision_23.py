"""Decision 23/QĐ-TTg as it was read, and what was worked out from it by hand: nothing here comes from the programme."""

SENTENCES = {
    1: "Tỷ lệ xã, phường, thị trấn đạt tiêu chuẩn phù hợp với trẻ em đạt 65% vào năm 2025 và 75% vào năm 2030.",
    2: "Tỷ lệ trẻ em đến 8 tuổi được tiếp cận các dịch vụ hỗ trợ chăm sóc phát triển toàn diện đạt 90% vào năm 2025 và "
    "95% vào năm 2030.",
    3: "Giảm tỷ suất tử vong trẻ sơ sinh trên 1.000 trẻ đẻ sống dưới 9,5 vào năm 2025 và dưới 9 vào năm 2030; giảm tỷ "
    "suất tử vong của trẻ em dưới 1 tuổi trên 1.000 trẻ đẻ sống xuống 12,5 vào năm 2025 và 10 vào năm 2030; giảm tỷ "
    "suất tử vong trẻ em dưới 5 tuổi trên 1.000 trẻ đẻ sống dưới 18,5 vào năm 2025 và dưới 15 vào năm 2030.",
    4: "Phấn đấu giảm tỷ lệ trẻ em dưới 5 tuổi bị suy dinh dưỡng thể cân nặng theo tuổi xuống dưới 9% vào năm 2025 và "
    "dưới 6% vào năm 2030; giảm tỷ lệ trẻ em dưới 5 tuổi bị suy dinh dưỡng thể chiều cao theo tuổi xuống 17% vào "
    "năm 2025 và dưới 15% vào năm 2030; giảm tỷ lệ trẻ dưới 5 tuổi bị suy dinh dưỡng thể béo phì xuống dưới 5% đối "
    "với nông thôn và dưới 10% đối với thành thị vào năm 2025 và năm 2030.",
    5: "Tỷ lệ trẻ em dưới 1 tuổi được tiêm chủng đầy đủ 8 loại vắc xin đạt 97% vào năm 2025 và 98% vào năm 2030; 98% "
    "trẻ em dưới 5 tuổi được tiêm chủng đầy đủ các loại vắc xin vào năm 2030.",
    6: "Tỷ lệ lây truyền HIV từ mẹ sang con là 2% vào năm 2030.",
    7: "Phấn đấu 100% cơ sở giáo dục cho trẻ em có công trình vệ sinh vào năm 2025 và duy trì 100% đến năm 2030.",
    8: "Giảm tỷ lệ trẻ em có hoàn cảnh đặc biệt trên tổng số trẻ em xuống dưới 6,5% vào năm 2025 và 6% vào năm 2030; "
    "90% trẻ em có hoàn cảnh đặc biệt được chăm sóc, nuôi dưỡng, trợ giúp vào năm 2025 và 95% vào năm 2030.",
    9: "Giảm tỷ lệ trẻ em bị xâm hại trên tổng số trẻ em xuống dưới 4,5% vào năm 2025 và xuống dưới 4% vào năm 2030.",
    10: "Phấn đấu giảm tỷ lệ lao động trẻ em và người chưa thành niên từ 5 đến 17 tuổi xuống 4,9% vào năm 2025 và "
    "xuống 4,5% vào năm 2030.",
    11: "Giảm tỷ suất trẻ em bị tai nạn thương tích xuống 550/100.000 trẻ em vào năm 2025 và 500/100.000 vào năm 2030; "
    "giảm tỷ suất trẻ em bị tử vong do tai nạn thương tích xuống còn 16/100.000 trẻ em vào năm 2025 và xuống còn "
    "15/100.000 vào năm 2030.",
    12: "Phấn đấu 100% trẻ em gặp thiên tai, thảm họa được cứu trợ, hỗ trợ kịp thời.",
    13: "Từng bước xóa bỏ tình trạng tảo hôn, duy trì mức giảm số cuộc tảo hôn từ 2 đến 3% hằng năm giai đoạn từ năm "
    "2025 đến năm 2030.",
    14: "Tỷ lệ trẻ em dưới 5 tuổi được đăng ký khai sinh đạt 98,5% vào năm 2025, phấn đấu 100% vào năm 2030.",
    15: "Phấn đấu tỷ lệ trẻ em dưới 5 tuổi được phát triển phù hợp về sức khỏe, học tập và tâm lý xã hội đạt 99,1% vào "
    "năm 2025 và 99,3% vào năm 2030.",
    16: "Tỷ lệ huy động trẻ em 5 tuổi đi học mẫu giáo đạt 99,1% vào năm 2025 và 99,3% vào năm 2030.",
    17: "Tỷ lệ trẻ em hoàn thành cấp tiểu học đạt 97% vào năm 2025 và đạt 99% vào năm 2030; phấn đấu giảm tỷ lệ trẻ em "
    "bỏ học bậc tiểu học dưới 0,12% vào năm 2025 và dưới 0,1% vào năm 2030.",
    18: "Tỷ lệ trẻ em hoàn thành cấp trung học cơ sở đạt 88% vào năm 2025 và đạt 93% vào năm 2030; phấn đấu giảm tỷ lệ "
    "trẻ em bỏ học cấp trung học cơ sở dưới 0,14% vào năm 2025 và dưới 0,05% vào năm 2030.",
    19: "Phấn đấu 95% trường học có dịch vụ hỗ trợ tâm lý trẻ em vào năm 2025",
    20: "Tỷ lệ trường học có cơ sở hạ tầng và tài liệu phù hợp với học sinh, sinh viên khuyết tật đạt 55% vào năm 2025 "
    "và 60% vào năm 2030; tỷ lệ trẻ em khuyết tật có nhu cầu học tập được tiếp cận giáo dục chuyên biệt, giáo dục "
    "hòa nhập và hỗ trợ phục hồi chức năng phù hợp đạt 80% vào năm 2025 và đạt 90% vào năm 2030.",
    21: "Phấn đấu tỷ lệ các xã, phường, thị trấn có điểm văn hóa, vui chơi dành cho trẻ em đạt 40% vào năm 2025 và 45% "
    "vào năm 2030.",
    22: "Phấn đấu 30% trẻ em từ 07 tuổi trở lên được hỏi ý kiến về các vấn đề của trẻ em với các hình thức phù hợp vào "
    "năm 2025 và 35% vào năm 2030.",
    23: "Phấn đấu 85% trẻ em được nâng cao nhận thức, năng lực về quyền tham gia của trẻ em vào năm 2025 và 90% vào "
    "năm 2030.",
    24: "Tỷ lệ trẻ em từ 11 tuổi trở lên được tham gia vào các mô hình, hoạt động thúc đẩy quyền tham gia của trẻ em "
    "đạt 30% vào năm 2025 và 35% vào năm 2030.",
}

# By number and indicator: to be at least (>), at most (≤) or below (<, «dưới») a value by a year. 13 is a trend.
FIGURES = {
    (1, "child-friendly-commune"): ("2025 >65", "2030 >75"),
    (2, "child-service-access"): ("2025 >90", "2030 >95"),
    (3, "neonatal-deaths"): ("2025 <9.5 /1000", "2030 <9 /1000"),
    (3, "infant-deaths"): ("2025 ≤12.5 /1000", "2030 ≤10 /1000"),
    (3, "under-5-deaths"): ("2025 <18.5 /1000", "2030 <15 /1000"),
    (4, "underweight"): ("2025 <9", "2030 <6"),
    (4, "stunting"): ("2025 ≤17", "2030 <15"),
    (4, "obesity-rural"): ("2025 <5", "2030 <5"),
    (4, "obesity-urban"): ("2025 <10", "2030 <10"),
    (5, "immunised-under-1"): ("2025 >97", "2030 >98"),
    (5, "immunised-under-5"): ("2030 >98",),
    (6, "hiv-mother-to-child"): ("2030 ≤2",),
    (7, "school-sanitation"): ("2025 >100", "2030 >100"),
    (8, "special-circumstances"): ("2025 <6.5", "2030 ≤6"),
    (8, "special-circumstances-assisted"): ("2025 >90", "2030 >95"),
    (9, "abused-children"): ("2025 <4.5", "2030 <4"),
    (10, "child-labour"): ("2025 ≤4.9", "2030 ≤4.5"),
    (11, "child-injuries"): ("2025 ≤550 /100000", "2030 ≤500 /100000"),
    (11, "child-injury-deaths"): ("2025 ≤16 /100000", "2030 ≤15 /100000"),
    (12, "disaster-relief"): ("2025 >100", "2030 >100"),
    (14, "birth-registered"): ("2025 >98.5", "2030 >100"),
    (15, "development-on-track"): ("2025 >99.1", "2030 >99.3"),
    (16, "preschool-at-5"): ("2025 >99.1", "2030 >99.3"),
    (17, "primary-completed"): ("2025 >97", "2030 >99"),
    (17, "primary-dropout"): ("2025 <0.12", "2030 <0.1"),
    (18, "lower-secondary-completed"): ("2025 >88", "2030 >93"),
    (18, "lower-secondary-dropout"): ("2025 <0.14", "2030 <0.05"),
    (19, "school-counselling"): ("2025 >95",),
    (20, "school-accessible"): ("2025 >55", "2030 >60"),
    (20, "disabled-in-education"): ("2025 >80", "2030 >90"),
    (21, "play-point-commune"): ("2025 >40", "2030 >45"),
    (22, "consulted-7-plus"): ("2025 >30", "2030 >35"),
    (23, "participation-aware"): ("2025 >85", "2030 >90"),
    (24, "participation-models-11-plus"): ("2025 >30", "2030 >35"),
}

# By level and agency; nobody reports what a survey finds.
REPORTED_BY = {
    ("commune", "ubnd-xa"): "child-friendly-commune child-service-access underweight stunting obesity-rural "
    "obesity-urban immunised-under-1 immunised-under-5 special-circumstances "
    "special-circumstances-assisted child-injuries child-injury-deaths disaster-relief "
    "birth-registered disabled-in-education play-point-commune consulted-7-plus "
    "participation-aware participation-models-11-plus",
    ("province", "so-yt"): "neonatal-deaths infant-deaths under-5-deaths hiv-mother-to-child",
    ("province", "so-gddt"): "school-sanitation school-counselling school-accessible preschool-at-5 primary-completed "
    "primary-dropout lower-secondary-completed lower-secondary-dropout",
    ("province", "ca-tinh"): "abused-children",
    ("", ""): "child-labour development-on-track",
}

# All others are a ratio, a stock, of years.
KINDS = {
    "child-friendly-commune": "share_of_units state year",
    "play-point-commune": "share_of_units state year",
    "child-service-access": "ratio stock quarter",
    "special-circumstances": "ratio stock quarter",
    "special-circumstances-assisted": "ratio stock quarter",
    "neonatal-deaths": "ratio sum year",
    "infant-deaths": "ratio sum year",
    "under-5-deaths": "ratio sum year",
    "hiv-mother-to-child": "ratio sum year",
    "abused-children": "ratio sum year",
    "child-injuries": "ratio sum year",
    "child-injury-deaths": "ratio sum year",
    "disaster-relief": "ratio sum year",
    "child-labour": "survey stock year",
    "development-on-track": "survey stock year",
}

# Who reports to whom, after 1 March and 1 July 2025.
LINES: dict[str, tuple[str, ...]] = {
    "bo-yt": (),
    "ubnd-tinh": ("bo-yt",),
    "so-yt": ("ubnd-tinh", "bo-yt"),
    "so-gddt": ("so-yt",),
    "ca-tinh": ("so-yt",),
    "so-tp": ("so-yt",),
    "so-vhttdl": ("so-yt",),
    "so-tc": ("so-yt",),
    "mttq-tinh": (),
    "doan-tncs-tinh": (),
    "hlhpn-tinh": (),
    "hoi-bvqte": (),
    "ubnd-xa": ("so-yt",),
    "phong-vhxh": ("ubnd-xa",),
}

_DEPARTMENTS = "so-gddt ca-tinh so-tp so-vhttdl so-tc"
# By hand from the calendar: cut-offs on Mon 14/12/2026, Sun 14/3, Mon 14/6, Tue 14/9 and Tue 14/12/2027, no holiday
# between them and these days; 25/12/2027 is a Saturday.
DEADLINES = (
    ("progress-quarterly", "2026-Q4", "ubnd-xa", "Wed 16/12/2026"),
    ("progress-quarterly", "2027-Q1", "ubnd-xa", "Tue 16/03/2027"),
    ("progress-quarterly", "2027-Q2", "ubnd-xa", "Wed 16/06/2027"),
    ("progress-quarterly", "2027-Q3", "ubnd-xa", "Thu 16/09/2027"),
    ("progress-quarterly", "2027-Q4", "ubnd-xa", "Thu 16/12/2027"),
    ("progress-half-yearly", "2026-H2", _DEPARTMENTS, "Fri 18/12/2026"),
    ("progress-half-yearly", "2026-H2", "so-yt", "Tue 22/12/2026"),
    ("progress-half-yearly", "2027-H1", _DEPARTMENTS, "Fri 18/06/2027"),
    ("progress-half-yearly", "2027-H1", "so-yt", "Tue 22/06/2027"),
    ("progress-half-yearly", "2027-H2", _DEPARTMENTS, "Mon 20/12/2027"),
    ("progress-half-yearly", "2027-H2", "so-yt", "Wed 22/12/2027"),
    ("progress-yearly", "2026", "ubnd-xa", "Wed 16/12/2026"),
    ("progress-yearly", "2026", _DEPARTMENTS, "Fri 18/12/2026"),
    ("progress-yearly", "2026", "so-yt", "Tue 22/12/2026"),
    ("progress-yearly", "2026", "ubnd-tinh", "Fri 25/12/2026"),
    ("progress-yearly", "2027", "ubnd-xa", "Thu 16/12/2027"),
    ("progress-yearly", "2027", _DEPARTMENTS, "Mon 20/12/2027"),
    ("progress-yearly", "2027", "so-yt", "Wed 22/12/2027"),
    ("progress-yearly", "2027", "ubnd-tinh", "Mon 27/12/2027"),
)
