"""What is kept in Redis for a while."""

import pytest
from django.core.cache import cache


@pytest.mark.parametrize("value", [7, [1.5, 2.25], {"a": None}, "text", True])
def test_what_is_kept_comes_back(value):
    cache.set("kept", value, 30)
    assert cache.get("kept") == value


def test_integers_can_be_counted_up():
    cache.set("counter", 1, 30)
    assert cache.incr("counter") == 2


def test_nothing_but_json_is_kept():
    with pytest.raises(TypeError):
        cache.set("object", object(), 30)
