"""Answers what ``students`` announces: a consent ended, a student was erased. Runs in the sender's transaction."""
