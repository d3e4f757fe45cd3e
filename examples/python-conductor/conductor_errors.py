"""Exceptions of the conductor. They travel under the name of this module."""


class VnfNotFound(Exception):
    pass


class QuotaExceeded(Exception):
    """Also raised by the API, and built here when it arrives."""
