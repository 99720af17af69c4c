"""Whole requests to the pages of people, students and their consent."""
