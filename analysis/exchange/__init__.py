"""What people who annotate take out and bring back: ELAN, Praat and a table of segments (ADR 29)."""
