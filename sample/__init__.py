"""A made-up year, 2023, of Hữu Lũng district and Thái Nguyên province: every figure in it is invented.

`year` makes the events, `tally` adds up by itself what they must come to, `schedule` says when the clock must stop.
"""
