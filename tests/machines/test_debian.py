"""The two commands and the book on Debians that have nothing but python3, make and git."""

import debian
import pytest


@pytest.mark.long
@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_the_course_is_set_up_run_rendered_and_tested_on_a_bare_debian(release):
    if reason := debian.lacking():
        pytest.skip(f"no bare Debian was made: {reason}")
    failed = debian.course(release)
    assert not failed, "\n".join(f"make {one}:\n{said}" for one, said in failed.items())
