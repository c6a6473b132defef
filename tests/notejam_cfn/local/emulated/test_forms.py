"""What the emulator reads in forms."""

from __future__ import annotations

import random
from urllib.parse import parse_qs, urlencode

from notejam_cfn.local.emulated.forms import parsed_form


def test_a_form_is_read_as_python_reads_it() -> None:
    letters, chance = 'aZ09 _.-~é=&%+\n\t\r☃"{}:/', random.Random(1)
    for _ in range(300):
        fields = [("".join(chance.choices(letters, k=3)), "".join(chance.choices(letters, k=9))) for _ in range(3)]
        for text in (urlencode(fields), urlencode([*fields, ("empty", "")])):
            assert parsed_form(text) == parse_qs(text)
            assert parsed_form(text, True) == parse_qs(text, keep_blank_values=True)
