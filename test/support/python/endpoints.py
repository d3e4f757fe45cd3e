"""The endpoints that a Python server offers to the tests."""

import builtins
import time

import oslo_messaging as om
from tacker.common import exceptions


def _raise(kind, message):
    found = getattr(exceptions, kind, None) or getattr(builtins, kind)
    raise found(message)


class Reference:
    """The null namespace, versions 1.0 to 1.5."""

    target = om.Target(version='1.5')

    def __init__(self, server):
        self._server = server

    def echo(self, ctxt, **kwargs):
        return kwargs

    def add(self, ctxt, a, b):
        return a + b

    def types(self, ctxt, **kwargs):
        """How Python took each argument: int or float, None or str."""
        return {name: type(value).__name__ for name, value in kwargs.items()}

    def fail(self, ctxt, kind, message):
        _raise(kind, message)

    def fail_in_use(self, ctxt, vnf_id):
        raise exceptions.VnfInUse(vnf_id=vnf_id)

    def fail_with_args(self, ctxt, args, kwargs=None):
        raise exceptions.VnfKeyword(*args, **(kwargs or {}))

    @om.expected_exceptions(ValueError, exceptions.VnfNotFound)
    def fail_expected(self, ctxt, kind, message):
        _raise(kind, message)

    def slow(self, ctxt, seconds):
        time.sleep(seconds)
        return seconds

    def whoami(self, ctxt):
        return self._server

    def context(self, ctxt):
        return ctxt

    def big_int(self, ctxt):
        return 2 ** 60

    def nan(self, ctxt):
        return float('nan')

    def nothing(self, ctxt):
        return None

    def record(self, ctxt, **kwargs):
        """For casts and fanouts: all that matters is that it arrived."""

    def _private(self, ctxt):
        return 'never'


class Namespaced:
    target = om.Target(namespace='ns', version='2.3')

    def where(self, ctxt):
        return 'ns 2.3'


class Legacy:
    target = om.Target(namespace='current', version='1.1',
                       legacy_namespaces=['old', 'older'])

    def where(self, ctxt):
        return 'current 1.1'


class Relay:
    """Sends messages of its own while it handles a request."""

    def __init__(self, peer):
        self._peer = peer

    def relay(self, ctxt, steps):
        results = []
        for step in steps:
            send = getattr(self._peer, step['send'])
            results.append(send(context=ctxt, **step['with']))
        return results


def create(names, server, peer=None):
    makers = {
        'reference': lambda: Reference(server),
        'namespaced': Namespaced,
        'legacy': Legacy,
    }
    if names == ['objects']:
        import versioned
        return [versioned.Objects()]
    if 'relay' in (names or []):
        makers['relay'] = lambda: Relay(peer)
    return [makers[name]() for name in names or makers]
