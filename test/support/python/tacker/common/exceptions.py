"""Exceptions as a service defines them, under the module name that it uses."""


class VnfNotFound(Exception):
    """Takes its arguments by position, so a remote caller can rebuild it."""


class TackerException(Exception):
    """Takes keywords only: its single positional argument is the text."""

    message = 'An unknown exception occurred.'

    def __init__(self, **kwargs):
        super().__init__(self.message % kwargs)
        self.msg = self.message % kwargs


class VnfInUse(TackerException):
    message = 'VNF %(vnf_id)s is still in use'


class VnfKeyword(Exception):
    """Carries its keywords along, as the rebuilding of exceptions wants."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args)
        self.kwargs = kwargs
