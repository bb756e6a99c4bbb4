"""The proof around the twins: run them, compare them, make the book."""
