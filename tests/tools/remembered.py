"""A cloud whose product is known, for clients that are made outside of a run."""

from utils.cloud.products import NEXTCLOUD, Memory, Product


class Remembered(Memory):
    """A module whose cloud's product is known from an earlier run, kept without a file."""

    def __init__(self, product: Product = NEXTCLOUD) -> None:
        self.product = product

    def recall(self) -> Product:
        """What was kept."""
        return self.product

    def keep(self, product: Product) -> None:
        """Keeps it."""
        self.product = product
