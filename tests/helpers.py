"""The functions that a twin writes for itself, taken out of the script for a test."""

import re
from types import SimpleNamespace

from deeptwins.paths import script_file


def section(exercise: str, language: str, names: list[str]) -> str:
    """Return the source of the named sections, in the script's order.

    What stands before the first mark (the imports) is the section "head".
    Raises KeyError for a name that the script does not have.
    """
    source = script_file(exercise, language).read_text(encoding="utf-8")
    parts = re.split(r"^# ---- (.+?) -+$", source, flags=re.M)
    found = {"head": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}
    if missing := set(names) - found.keys():
        raise KeyError(f"{exercise} has no section {', '.join(sorted(missing))}")
    return "\n".join(found[name] for name in found if name in names)


def names_of(exercise: str, names: list[str], **given) -> SimpleNamespace:
    """Run the named sections of a Python twin and return all that they define.

    `given` are names that stand ready for them, in place of earlier sections.
    """
    namespace = {"__name__": exercise, **given}
    exec(compile(section(exercise, "python", names), exercise, "exec"), namespace)
    return SimpleNamespace(**namespace)
