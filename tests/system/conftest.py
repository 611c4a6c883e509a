"""The running installation, for the tests of this folder."""

from tests.installation import installation

__all__ = ["installation"]
