"""The endpoints that both languages offer to the differential tests.

Each remembers, under the context key "request", the context that it got, as
JSON text: so it crosses over to the test with every digit and in its order.
"""

import json
import threading
import time

import oslo_messaging as om


class Described(Exception):
    """Its text is apart from its arguments."""

    def __init__(self, message, args, kwargs):
        super().__init__(*args)
        self._message = message
        self.kwargs = kwargs

    def __str__(self):
        return self._message


class Rebuilt(Exception):
    """Made anew by a caller, from the arguments."""


class Unmapped(Exception):
    """Lives in the module that unknown JavaScript classes travel under."""


Unmapped.__module__ = 'javascript'

KINDS = {'Exception': Exception, 'TypeError': TypeError,
         'ValueError': ValueError}


class Executions:
    """What was executed, by the request's id, since the last look."""

    def __init__(self):
        self._lock = threading.Lock()
        self._entries = {}

    def add(self, ctxt):
        text = json.dumps(ctxt)
        with self._lock:
            self._entries.setdefault(ctxt['request'], []).append(text)

    def counts(self):
        with self._lock:
            return sum(len(texts) for texts in self._entries.values())

    def take(self):
        with self._lock:
            entries, self._entries = self._entries, {}
        return entries


class Endpoint:
    def __init__(self, executions):
        self._executions = executions


class Main(Endpoint):
    target = om.Target(version='1.5')
    note = 'not a method'

    def echo(self, ctxt, /, **kwargs):
        self._executions.add(ctxt)
        return kwargs

    def give(self, ctxt, value):
        self._executions.add(ctxt)
        return value

    def nothing(self, ctxt):
        self._executions.add(ctxt)

    def context(self, ctxt):
        self._executions.add(ctxt)
        return ctxt

    def fail(self, ctxt, kind, message):
        self._executions.add(ctxt)
        raise KINDS[kind](message)

    def fail_bare(self, ctxt, kind):
        self._executions.add(ctxt)
        raise KINDS[kind]()

    @om.expected_exceptions(TypeError, ValueError)
    def fail_expected(self, ctxt, kind, message):
        self._executions.add(ctxt)
        raise KINDS[kind](message)

    def fail_unmapped(self, ctxt, message):
        self._executions.add(ctxt)
        raise Unmapped(message)

    def fail_mapped(self, ctxt, message, args, kwargs):
        self._executions.add(ctxt)
        raise Described(message, args, kwargs)

    def slow(self, ctxt, seconds):
        self._executions.add(ctxt)
        time.sleep(seconds)

    def _private(self, ctxt):
        return 'never'


class Where(Endpoint):
    def __init__(self, executions, name, target):
        super().__init__(executions)
        self._name = name
        self.target = target

    def where(self, ctxt):
        self._executions.add(ctxt)
        return self._name


class Unversioned(Endpoint):
    """No target: version 1.0. Its echo is hidden by the first endpoint's."""

    def echo(self, ctxt, /, **kwargs):
        self._executions.add(ctxt)
        return 'unversioned'

    def only_default(self, ctxt):
        self._executions.add(ctxt)
        return 'unversioned'


def create(executions):
    return [
        Main(executions),
        Where(executions, 'current 1.1', om.Target(
            namespace='current', version='1.1',
            legacy_namespaces=['old', None])),
        Where(executions, 'current 2.3.1', om.Target(
            namespace='current', version='2.3.1')),
        Unversioned(executions),
    ]


def invoke(client, request):
    """Calls or casts, and tells what came of it, as JSON text."""
    send = client.call if request['call'] else client.cast
    try:
        result = send(request['context'], request['method'],
                      **request['args'])
    except Exception as error:
        return {'error': json.dumps(describe(error))}
    return {'result': json.dumps(result)}


def describe(error):
    if isinstance(error, om.RemoteError):
        return {'class': 'RemoteError', 'excType': error.exc_type,
                'value': error.value, 'traceback': error.traceback}
    return {'class': type(error).__name__, 'module': type(error).__module__,
            'text': str(error), 'args': error.args}
