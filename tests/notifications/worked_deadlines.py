"""Deadlines worked out by hand, with the reason for each: no figure here was printed by the code.

Sources: Decree 09/2019/NĐ-CP (periods end on the 14th; at least one working day after the cut-off; the province by the
25th), and the yearly decisions on days off:
  2023  Tết Fri 20/01 to Thu 26/01; 29/04 to 03/05 (Hùng Kings on a Saturday, 30/04 on a Sunday: 02/05 and 03/05 make up
        for them); National Day (Sat 02/09) Fri 01/09 to Mon 04/09
  2024  Tết Thu 08/02 to Wed 14/02; Hùng Kings Thu 18/04; Mon 29/04 off against Sat 04/05; 02/09 and Tue 03/09
  2025  Tết Mon 27/01 to Fri 31/01; Hùng Kings Mon 07/04; Fri 02/05 off against Sat 26/04; Mon 01/09 and 02/09
  2026  Fri 02/01 off against Sat 10/01; Tết Mon 16/02 to Fri 20/02; Hùng Kings Sun 26/04, so Mon 27/04;
        Mon 31/08 off against Sat 22/08; Tue 01/09 and 02/09
  2027  Hùng Kings Fri 16/04; Tết (06/02) is over before any cut-off
"""

# Cut-offs and deadlines as `Thu 16/03` in the period's last year, or in the year after where the month is smaller.
# In these months no holiday lies between cut-off and deadline: only weekends are stepped over, and nothing is "moved".

# By period: cut-off, commune +2, why, district +4, why. Districts owe for periods that end by 30/06/2025.
QUARTERLY = {
    "2023-Q1": ("Tue 14/03", "Thu 16/03", "Wed 15, Thu 16", "Mon 20/03", "… Fri 17, Mon 20"),
    "2023-Q2": ("Wed 14/06", "Fri 16/06", "Thu 15, Fri 16", "Tue 20/06", "… Mon 19, Tue 20"),
    "2023-Q3": ("Thu 14/09", "Mon 18/09", "Fri 15, Mon 18", "Wed 20/09", "… Tue 19, Wed 20"),
    "2023-Q4": ("Thu 14/12", "Mon 18/12", "Fri 15, Mon 18", "Wed 20/12", "… Tue 19, Wed 20"),
    "2024-Q1": ("Thu 14/03", "Mon 18/03", "Fri 15, Mon 18", "Wed 20/03", "… Tue 19, Wed 20"),
    "2024-Q2": ("Fri 14/06", "Tue 18/06", "Mon 17, Tue 18", "Thu 20/06", "… Wed 19, Thu 20"),
    "2024-Q3": ("Sat 14/09", "Tue 17/09", "Mon 16, Tue 17", "Thu 19/09", "… Wed 18, Thu 19"),
    "2024-Q4": ("Sat 14/12", "Tue 17/12", "Mon 16, Tue 17", "Thu 19/12", "… Wed 18, Thu 19"),
    "2025-Q1": ("Fri 14/03", "Tue 18/03", "Mon 17, Tue 18", "Thu 20/03", "… Wed 19, Thu 20"),
    "2025-Q2": ("Sat 14/06", "Tue 17/06", "Mon 16, Tue 17", "Thu 19/06", "… Wed 18, Thu 19"),
    "2025-Q3": ("Sun 14/09", "Tue 16/09", "Mon 15, Tue 16", "Thu 18/09", "… Wed 17, Thu 18; no district owes it"),
    "2025-Q4": ("Sun 14/12", "Tue 16/12", "Mon 15, Tue 16", "Thu 18/12", "… Wed 17, Thu 18; no district owes it"),
    "2026-Q1": ("Sat 14/03", "Tue 17/03", "Mon 16, Tue 17", "Thu 19/03", "… Wed 18, Thu 19"),
    "2026-Q2": ("Sun 14/06", "Tue 16/06", "Mon 15, Tue 16", "Thu 18/06", "… Wed 17, Thu 18"),
    "2026-Q3": ("Mon 14/09", "Wed 16/09", "Tue 15, Wed 16", "Fri 18/09", "… Thu 17, Fri 18"),
    "2026-Q4": ("Mon 14/12", "Wed 16/12", "Tue 15, Wed 16", "Fri 18/12", "… Thu 17, Fri 18"),
    "2027-Q1": ("Sun 14/03", "Tue 16/03", "Mon 15, Tue 16", "Thu 18/03", "… Wed 17, Thu 18"),
    "2027-Q2": ("Mon 14/06", "Wed 16/06", "Tue 15, Wed 16", "Fri 18/06", "… Thu 17, Fri 18"),
    "2027-Q3": ("Tue 14/09", "Thu 16/09", "Wed 15, Thu 16", "Mon 20/09", "… Fri 17, Mon 20"),
    "2027-Q4": ("Tue 14/12", "Thu 16/12", "Wed 15, Thu 16", "Mon 20/12", "… Fri 17, Mon 20"),
}

# By period: cut-off, department +6, why.
HALF_YEARLY = {
    "2023-H1": ("Wed 14/06", "Thu 22/06", "Thu 15, Fri 16, Mon 19, Tue 20, Wed 21, Thu 22"),
    "2023-H2": ("Thu 14/12", "Fri 22/12", "Fri 15, Mon 18 to Fri 22"),
    "2024-H1": ("Fri 14/06", "Mon 24/06", "Mon 17 to Fri 21, Mon 24"),
    "2024-H2": ("Sat 14/12", "Mon 23/12", "Mon 16 to Fri 20, Mon 23"),
    "2025-H1": ("Sat 14/06", "Mon 23/06", "Mon 16 to Fri 20, Mon 23"),
    "2025-H2": ("Sun 14/12", "Mon 22/12", "Mon 15 to Fri 19, Mon 22"),
    "2026-H1": ("Sun 14/06", "Mon 22/06", "Mon 15 to Fri 19, Mon 22"),
    "2026-H2": ("Mon 14/12", "Tue 22/12", "Tue 15 to Fri 18, Mon 21, Tue 22"),
    "2027-H1": ("Mon 14/06", "Tue 22/06", "Tue 15 to Fri 18, Mon 21, Tue 22"),
    "2027-H2": ("Tue 14/12", "Wed 22/12", "Wed 15 to Fri 17, Mon 20 to Wed 22"),
}

# By period: cut-off, commune +2, district +4, departments and mass organisations +6, province by the 25th, why that.
YEARLY = {
    "2023": ("Thu 14/12", "Mon 18/12", "Wed 20/12", "Fri 22/12", "Mon 25/12", "a Monday; Christmas is worked"),
    "2024": ("Sat 14/12", "Tue 17/12", "Thu 19/12", "Mon 23/12", "Wed 25/12", "a Wednesday"),
    "2025": ("Sun 14/12", "Tue 16/12", "Thu 18/12", "Mon 22/12", "Thu 25/12", "a Thursday; no district owes it"),
    "2026": ("Mon 14/12", "Wed 16/12", "Fri 18/12", "Tue 22/12", "Fri 25/12", "a Friday"),
    "2027": ("Tue 14/12", "Thu 16/12", "Mon 20/12", "Wed 22/12", "Mon 27/12", "25/12 is a Saturday: moved to Monday"),
}

# Who owes: [until 28/02/2025] marks the two departments that were merged into others on 01/03/2025.
LASTING_DEPARTMENTS = {"so-gddt", "so-yt", "so-vhttdl", "so-tc"}
MERGED_DEPARTMENTS = {"so-ldtbxh", "so-khdt"}
COMMUNE_ORGANISATIONS = "ct-xh-xa"
SINCE_COMMUNE_ORGANISATIONS_ARE_ASKED = {"2024", "2025"}
MASS_ORGANISATIONS = {"mttq-tinh", "hlhpn-tinh", "hnd-tinh", "doan-tncs-tinh", "hoi-bao-tro"}
BEFORE_THE_DEPARTMENTS_MERGED = {"2023-H1", "2023-H2", "2024-H1", "2024-H2", "2023", "2024"}
BEFORE_THE_DISTRICTS_ENDED = {*list(QUARTERLY)[:10], "2023", "2024"}
OWED = {*list(QUARTERLY)[:12], *list(HALF_YEARLY)[:6], *list(YEARLY)[:3]}  # 2023-Q1 to the end of 2025

# The same rules on monthly periods, where Tết, Hùng Kings' day, 30/04, 02/09 and swaps lie in between. A number is
# working days after the cut-off, `25th` a day of the month. `moved`: where the rule alone would have put it.
# Each: period, rule, deadline, moved from, why.
AROUND_HOLIDAYS = [
    ("2023-01", 2, "Tue 17/01", None, "cut-off Sat 14: Mon 16, Tue 17, before Tết"),
    ("2023-01", 4, "Thu 19/01", None, "… Wed 18, Thu 19, the last day before Tết"),
    ("2023-01", 6, "Mon 30/01", "23/01", "Tết Fri 20 to Thu 26: fifth day Fri 27, sixth Mon 30; else Fri 20, Mon 23"),
    ("2023-01", "25th", "Fri 27/01", "25/01", "the 25th is a day of Tết, as is Thu 26"),
    ("2023-02", "25th", "Mon 27/02", "25/02", "a Saturday"),
    ("2023-04", "29th", "Thu 04/05", "29/04", "Hùng Kings' Sat, 30/04, 01/05, two days that make up: Thu"),
    ("2023-04", 10, "Fri 28/04", None, "Mon 17 to Fri 21, Mon 24 to Fri 28"),
    ("2023-04", 11, "Thu 04/05", "01/05", "29/04 to 03/05 off"),
    ("2023-08", 14, "Tue 05/09", "01/09", "Tue 15 to Thu 31/08 are 13; Fri 01/09 and Mon 04/09 off for Sat 02/09"),
    ("2024-02", 2, "Fri 16/02", None, "Wed 14/02 ends period and Tết alike: Thu 15, Fri 16"),
    ("2024-02", 6, "Thu 22/02", None, "… Mon 19 to Thu 22"),
    ("2024-02", "25th", "Mon 26/02", "25/02", "a Sunday"),
    ("2024-04", 2, "Tue 16/04", None, "cut-off Sun 14: Mon 15, Tue 16"),
    ("2024-04", 4, "Fri 19/04", "18/04", "Thu 18 is Hùng Kings' day"),
    ("2024-04", 6, "Tue 23/04", "22/04", "Mon 15 to Wed 17, Fri 19, Mon 22, Tue 23"),
    ("2024-04", 10, "Thu 02/05", "26/04", "the ninth is Fri 26; Mon 29 swapped off, 30/04, 01/05"),
    ("2024-04", 12, "Sat 04/05", "30/04", "Fri 03/05, then the Saturday that makes up for 29/04"),
    ("2024-04", "29th", "Thu 02/05", "29/04", "swapped off, then 30/04 and 01/05"),
    ("2024-08", 13, "Wed 04/09", "02/09", "Thu 15 to Fri 30/08 are 12; Mon 02/09 and Tue 03/09 off"),
    ("2025-01", 6, "Wed 22/01", None, "cut-off Tue 14: Wed 15 to Fri 17, Mon 20 to Wed 22"),
    ("2025-01", "25th", "Mon 03/02", "25/01", "a Saturday, then Tết Mon 27 to Fri 31, then a weekend"),
    ("2025-04", 10, "Sat 26/04", "28/04", "Tue 15 to Fri 25 are 9; Sat 26 is worked for Fri 02/05"),
    ("2025-04", 13, "Mon 05/05", "01/05", "Sat 26, Mon 28, Tue 29 are 10 to 12; 30/04, 01/05, 02/05 off"),
    ("2025-04", "30th", "Mon 05/05", "30/04", "30/04, 01/05, the swapped Fri 02/05, a weekend"),
    ("2025-08", "30th", "Wed 03/09", "30/08", "a Saturday; Mon 01/09 and Tue 02/09 off"),
    ("2025-12", 13, "Wed 31/12", None, "cut-off Sun 14: three weeks of five less two days"),
    ("2025-12", 14, "Mon 05/01", "01/01", "Thu 01/01, and Fri 02/01 swapped off"),
    ("2025-12", 19, "Sat 10/01", "08/01", "Mon 05 to Fri 09 are 14 to 18, then the Saturday that makes up"),
    ("2026-01", "25th", "Mon 26/01", "25/01", "a Sunday"),
    ("2026-02", 2, "Tue 24/02", "17/02", "cut-off Sat 14, Tết Mon 16 to Fri 20: Mon 23, Tue 24"),
    ("2026-02", 4, "Thu 26/02", "19/02", "… Wed 25, Thu 26"),
    ("2026-02", 6, "Mon 02/03", "23/02", "… Fri 27, Mon 02/03"),
    ("2026-02", "25th", "Wed 25/02", None, "a working Wednesday after Tết"),
    ("2026-02", "16th", "Mon 23/02", "16/02", "the first working day after the cut-off is the earliest"),
    ("2026-04", "25th", "Tue 28/04", "25/04", "Sat; Hùng Kings' day is Sun 26, so Mon 27 is off"),
    ("2026-08", 5, "Fri 21/08", None, "cut-off Fri 14: Mon 17 to Fri 21"),
    ("2026-08", 6, "Sat 22/08", "24/08", "the Saturday that makes up for Mon 31/08"),
    ("2026-08", 12, "Thu 03/09", "01/09", "Mon 24 to Fri 28 are 7 to 11; Mon 31/08 to Wed 02/09 off"),
    ("2027-04", 2, "Mon 19/04", "16/04", "cut-off Wed 14: Thu 15, Hùng Kings on Fri 16, Mon 19"),
    ("2027-04", 6, "Fri 23/04", "22/04", "… Tue 20 to Fri 23"),
    ("2027-04", "25th", "Mon 26/04", "25/04", "a Sunday"),
]  # fmt: skip
