"""Make the book from the chapters and from the runs that were verified last."""
