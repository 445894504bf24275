import os
import shutil
import sys
from pathlib import Path


def program(name: str) -> str | None:
    """Beside our Python, where the dev lock puts it, or anywhere else."""
    return shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}")
