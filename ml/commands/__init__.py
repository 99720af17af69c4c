"""The commands of ``python -m ml``, a module per group; each imports what it runs when it runs."""
