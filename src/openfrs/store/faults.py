"""What befalls a database, whichever it is."""


class StoreUnavailableError(Exception):
    """The database does not do what it should: its disk is full, read-only or failing, it is damaged, held or out of reach.

    Nothing of the transaction was kept. It may go well later.
    """
