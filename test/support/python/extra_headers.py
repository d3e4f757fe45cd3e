"""AMQP headers that are put on whatever this process publishes."""

import datetime
import decimal
import sys
import threading

import amqp

# The client writes nested tables by recursion.
DEEPEST = 6000
STACK = 256 * 1024 * 1024

_chosen = {}


def _nested(depth, wrap):
    value = 'bottom'
    for _ in range(depth):
        value = wrap(value)
    return value


KINDS = {
    'none': lambda: {},
    'integer of 32 bits': lambda: {'big': 2 ** 31},
    'integer of 41 bits': lambda: {'big': 2 ** 40, 'negative': -2 ** 40},
    'largest integer': lambda: {'big': 2 ** 63 - 1},
    'deep table': lambda: {'deep': _nested(DEEPEST, lambda v: {'d': v})},
    'deep array': lambda: {'deep': _nested(DEEPEST, lambda v: [v])},
    'prototype': lambda: {
        '__proto__': {'compression': 'application/x-bz2'},
        'constructor': {'prototype': {'compression': 'x'}}},
    'every type': lambda: {
        'time': datetime.datetime(2026, 11, 24), 'none': None, 'true': True,
        'decimal': decimal.Decimal('1.5'), 'float': 1.5, 'bytes': b'\xff\x00',
        'list': [1, 'x', {'y': None}], 'text': '\u2028', 'small': -1},
    'many': lambda: {'header-%d' % i: 2 ** 40 + i for i in range(4000)},
    'long names': lambda: {'n' * 255: 2 ** 40, '': 2 ** 40},
}


def prepare():
    """Before any thread is started that may publish."""
    sys.setrecursionlimit(20 * DEEPEST)
    threading.stack_size(STACK)
    publish = amqp.Channel._basic_publish

    def with_headers(channel, msg, *args, **kwargs):
        headers = dict(msg.properties.get('application_headers') or {})
        msg.properties['application_headers'] = {**headers, **_chosen}
        return publish(channel, msg, *args, **kwargs)

    amqp.Channel._basic_publish = with_headers


def choose(kind):
    global _chosen
    _chosen = KINDS[kind]()
