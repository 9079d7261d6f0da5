"""JSON pointers (RFC 6901): does one lead anywhere in a document?"""

from typing import Any


def pointer_exists(pointer: str, document: Any) -> bool:
    """Does the pointer lead anywhere in `document`? The whole document ("") is no answer to where.

    >>> pointer_exists("/stages/0/office", {"stages": [{"office": "业务处"}]})
    True
    """
    if not pointer.startswith("/"):
        return False
    for part in pointer[1:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif (
            isinstance(document, list)
            and name.isascii()
            and name.isdecimal()
            and int(name) < len(document)
        ):
            document = document[int(name)]
        else:
            return False
    return True
