"""Extracts numbers and list items from reports, so that tests do not depend on their wording."""

import re

_NUMBER = re.compile(r"(?<![\w.-])[−-]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)")


def numbers(text):
    """The numbers of a text, without those in names such as C4 or pooling-0."""
    return [float(found.replace(",", "").replace("−", "-")) for found in _NUMBER.findall(text)]


def items(text, title):
    """The items of the Markdown list that follows the title and a colon."""
    found = text.split(f"{title}:\n\n")[1].split("\n\n")[0]
    return [item.removeprefix("- ") for item in found.splitlines() if item.startswith("- ")]
