"""What a dry run would do: noted where it would leave the program, and told at the end."""

from contextlib import contextmanager
from typing import Iterator, List

from utils.base.deeds import Deed, Note
from utils.base.errors import PmError


class Plan:
    """The deeds of a dry run in the order in which they would be done, all of them."""

    def __init__(self) -> None:
        self.notes: List[Note] = []
        self.assumed: List[str] = []
        """Logins of accounts that were taken to accept a password which nobody tried."""

    @contextmanager
    def noted(self, deed: Deed) -> Iterator[Note]:
        """Notes a deed; the body pretends it. It would be refused where the body raises."""
        note = Note(deed)
        self.notes.append(note)
        try:
            yield note
        except PmError as error:
            note.end(error.code)
            raise
        note.end("done")
