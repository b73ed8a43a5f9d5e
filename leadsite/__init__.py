"""The site. Everything of it is imported after this file."""

import sys
from typing import Final

# Of the package, the API's description, the image and the changelog.
VERSION: Final = "0.2.0"

if sys.platform == "win32":
    sys.exit(
        "leadsite runs on Linux and macOS. On Windows, use WSL: run `wsl --install` in PowerShell, open Ubuntu, and"
        " start again there (`make run`)."
    )
