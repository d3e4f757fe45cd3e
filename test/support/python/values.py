"""Values on their way to and from the test that drives the peer.

JSON, with what JavaScript would bend (large integers, NaN, the infinities)
or JSON does not have (times, versioned objects) wrapped.
"""

import datetime
import math

SAFE = 2 ** 53


def encode(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and not -SAFE < value < SAFE:
        return {'$int': str(value)}
    if isinstance(value, float) and not math.isfinite(value):
        names = {math.inf: 'Infinity', -math.inf: '-Infinity'}
        return {'$float': names.get(value, 'NaN')}
    if isinstance(value, dict):
        return {str(key): encode(member) for key, member in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [encode(member) for member in value]
    if value is None or isinstance(value, (int, float, str)):
        return value
    if isinstance(value, datetime.datetime):
        return {'$datetime': value.isoformat()}
    if hasattr(value, 'obj_to_primitive'):
        return {'$object': encode(_versioned().describe(value))}
    return repr(value)


def decode(value):
    if isinstance(value, dict):
        if '$int' in value:
            return int(value['$int'])
        if '$float' in value:
            return float(value['$float'])
        if '$datetime' in value:
            return datetime.datetime.fromisoformat(value['$datetime'])
        if '$object' in value:
            return _versioned().build(**decode(value['$object']))
        return {key: decode(member) for key, member in value.items()}
    if isinstance(value, list):
        return [decode(member) for member in value]
    return value


def _versioned():
    # Only where it is asked for: the library takes its time to load.
    import versioned
    return versioned


def serializer(name):
    return _versioned().SERIALIZERS[name] if name else None


def encode_exception(error):
    fields = {
        'pythonClass': type(error).__name__,
        'pythonModule': type(error).__module__,
        'text': str(error),
        'args': list(error.args),
    }
    for name, attribute in (('excType', 'exc_type'), ('value', 'value'),
                            ('traceback', 'traceback')):
        if getattr(error, attribute, None) is not None:
            fields[name] = getattr(error, attribute)
    return encode(fields)
