"""Reads spreadsheets that strangers send: in a process of its own, bounded in memory, time and what it may say."""
