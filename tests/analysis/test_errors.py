"""What is said when something is refused."""

from analysis.errors import problem


def test_the_limits_in_force_are_named(settings):
    settings.EMOREC_MAX_DURATION_S = 7200
    settings.EMOREC_MAX_UPLOAD_BYTES = 3 * 1024**3
    assert str(problem("too_long").sentence) == "The recording is longer than the limit of 120 minutes."
    assert "3.0\xa0GB" in str(problem("too_large").sentence)
    settings.EMOREC_MAX_DURATION_S = 60
    assert str(problem("too_long").sentence) == "The recording is longer than the limit of 1 minute."


def test_a_format_that_is_not_read_comes_with_a_way_to_convert_it():
    assert "VLC" in str(problem("unsupported_format").next_step)
