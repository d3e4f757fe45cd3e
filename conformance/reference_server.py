"""The reference endpoints of docs/reference/conformance.md, in plain oslo.messaging.

    python3 reference_server.py --url rabbit://guest:guest@localhost:5672/ \\
        --topic conformance --server python
"""

import argparse
import builtins
import collections
import importlib.metadata
import signal
import threading
import time

import oslo_messaging
from oslo_config import cfg


class Conflict(Exception):
    """An exception of a module that callers may allow."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args)
        self.kwargs = kwargs

    def __str__(self):
        return 'conflict'


Conflict.__module__ = 'conformance.reference'


class Reference:
    """The null namespace."""

    target = oslo_messaging.Target(version='1.5')

    def __init__(self, server):
        self._server = server
        self._counts = collections.Counter()
        self._lock = threading.Lock()

    def about(self, ctxt):
        version = importlib.metadata.version('oslo.messaging')
        return {'implementation': f'oslo.messaging {version}',
                'server': self._server, 'lacks': {}}

    def echo(self, ctxt, **kwargs):
        return kwargs

    def context(self, ctxt):
        return ctxt

    def add(self, ctxt, a, b):
        return a + b

    def nothing(self, ctxt):
        return None

    def nan(self, ctxt):
        return float('nan')

    def slow(self, ctxt, seconds):
        time.sleep(seconds)
        return seconds

    def count(self, ctxt, key):
        with self._lock:
            self._counts[key] += 1

    def counted(self, ctxt, key):
        with self._lock:
            return self._counts[key]

    def fail(self, ctxt, kind, message):
        if kind not in ('ValueError', 'TypeError', 'Exception'):
            raise LookupError(kind)
        raise getattr(builtins, kind)(message)

    def fail_with_args(self, ctxt, args, kwargs):
        raise Conflict(*args, **kwargs)

    @oslo_messaging.expected_exceptions(ValueError)
    def fail_expected(self, ctxt, message):
        raise ValueError(message)

    def _private(self, ctxt):
        return 'nobody may call this'


class Namespaced:
    """A second namespace, with a version of its own."""

    target = oslo_messaging.Target(namespace='reference', version='2.3')

    def where(self, ctxt):
        return 'reference 2.3'


def parse_arguments():
    parser = argparse.ArgumentParser(description='A reference server.')
    parser.add_argument('--url', required=True)
    parser.add_argument('--topic', required=True)
    parser.add_argument('--server', required=True)
    parser.add_argument('--exchange', default='tacker')
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    # The global object: the library's metrics look there and nowhere else.
    conf = cfg.CONF
    conf([], project='conformance')
    transport = oslo_messaging.get_rpc_transport(conf, arguments.url)
    # A dispatcher registers the option.
    oslo_messaging.RPCDispatcher([], None)
    conf.set_override('rpc_ping_enabled', True)
    target = oslo_messaging.Target(
        exchange=arguments.exchange, topic=arguments.topic,
        server=arguments.server)
    server = oslo_messaging.get_rpc_server(
        transport, target, [Reference(arguments.server), Namespaced()],
        executor='threading')
    # Before any thread starts. A handler might never run: the main thread
    # would have to wake up, and a thread that just starts can take its signal.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    server.start()
    print('ready', flush=True)
    signal.sigwait(ends)
    server.stop()
    server.wait()
    transport.cleanup()


if __name__ == '__main__':
    main()
