"""Pages of people, students and their consent: they parse and render; the domain modules decide."""
