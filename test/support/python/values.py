"""Values on their way to and from the test that drives the peer.

JSON, with what JavaScript would bend (large integers, NaN, the infinities)
wrapped.
"""

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
    return repr(value)


def decode(value):
    if isinstance(value, dict):
        if '$int' in value:
            return int(value['$int'])
        if '$float' in value:
            return float(value['$float'])
        return {key: decode(member) for key, member in value.items()}
    if isinstance(value, list):
        return [decode(member) for member in value]
    return value


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
