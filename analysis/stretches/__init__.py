"""Whose a stretch of a recording is, as people say: the rule that takes segments away from the student."""
