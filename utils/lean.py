"""The HTTP library without what is never used of it, for it is loaded at every start."""

import sys
import warnings
from typing import Any, Dict

# A guesser of the encoding of texts is a tenth of the library; all that is read here is bytes.
_modules: Dict[str, Any] = vars(sys)["modules"]
_modules.setdefault("charset_normalizer", None)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that nobody guesses
    import requests

__all__ = ["requests"]
