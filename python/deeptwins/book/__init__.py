"""Make the book from the chapters and from the runs that were verified last."""


class BookError(ValueError):
    """The book cannot be made; one sentence says why, and what to do."""
