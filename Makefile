# The course's commands for those who have make; `python3 course.py` says what they are.
# PYTHON= names another Python than python3 to start with, TO= the folder of `stage`.

PYTHON = python3

.PHONY: run test test-all bench book pages rehearse setup stage lock clean
run test test-all bench book pages rehearse setup stage lock clean:
	@$(PYTHON) course.py $@ $(TO)
