"""Show that both languages agree, and that both lie in the expected band."""
