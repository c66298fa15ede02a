"""Proofs that take longer than a test may: run for as long as one likes, seeds drawn anew, sums kept."""
