"""How deep JSON from outside may be nested. Pure functions.

Python limits recursion, and code that writes, compares or prints a tree needs more of it than the parser: a tree just
below the parser's own limit would fail later, depending on the caller's stack.
"""

from typing import Any, Final

# Levels of objects and lists that a tree may have. Meta's deepest known part is at level 12.
DEEPEST: Final = 64


def is_too_deep(tree: Any) -> bool:
    """Whether a non-empty object or list is deeper than DEEPEST levels; the tree itself is level 1. No recursion."""
    level = [tree]
    for _ in range(DEEPEST):
        parts = (node.values() if isinstance(node, dict) else node for node in level if isinstance(node, (dict, list)))
        level = [part for inner in parts for part in inner if isinstance(part, (dict, list)) and part]
        if not level:
            break
    return bool(level)
