"""The operator's files, as oslo.config and oslo.messaging read them."""

import contextlib
import copy
import os
import tempfile

from oslo_config import cfg
from oslo_messaging import server
from oslo_messaging import transport
from oslo_messaging._drivers import amqp
from oslo_messaging._drivers import base
from oslo_messaging._drivers import impl_rabbit
from oslo_messaging._metrics import client as metrics
from oslo_messaging.notify import _impl_routing
from oslo_messaging.notify import notifier
from oslo_messaging.rpc import client
from oslo_messaging.rpc import dispatcher

try:
    from oslo_messaging._tracing import client as tracing
except ImportError:
    # Releases before 18 have none.
    tracing = None

TYPES = {
    'string': cfg.StrOpt,
    'boolean': cfg.BoolOpt,
    'integer': cfg.IntOpt,
    'float': cfg.FloatOpt,
    'list': cfg.ListOpt,
    'multi': cfg.MultiStrOpt,
}


@contextlib.contextmanager
def arguments_for(text):
    """The flags of a service that is given this file; none without one."""
    if text is None:
        yield []
        return
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
        file.write(text)
        file.flush()
        yield ['--config-file', file.name]


def read(files, arguments, options=None, environment=None):
    """The value, or the error, of each option; or the error of all.

    The files are written into a folder of their own. Their names, and the
    arguments that begin with "./", are relative to it.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8', newline='') as file:
                file.write(text)
        argv = [os.path.join(folder, one[2:]) if one.startswith('./') else one
                for one in arguments]
        os.environ.update(environment or {})
        try:
            return _read(argv, options)
        except Exception as error:
            return _failure(error, folder)
        finally:
            for name in environment or {}:
                del os.environ[name]


def _read(argv, options):
    conf = cfg.ConfigOpts()
    registered = _registered(options)
    for group, opt in registered:
        conf.register_opt(opt, group=group)
    conf(argv, project='peer')
    return {'values': [_value(conf, group, opt) for group, opt in registered]}


def _value(conf, group, opt):
    try:
        return {'value': (conf[group] if group else conf)[opt.dest]}
    except Exception as error:
        return {'error': type(error).__name__}


def _failure(error, folder):
    return {'error': type(error).__name__,
            'text': str(error).replace(folder + '/', '')}


def _registered(options):
    if options is None:
        return list(_of_messaging())
    return [_option(**option) for option in options]


def _option(names, type):
    (group, name), *former = names
    return _none(group), TYPES[type](name, deprecated_opts=[
        cfg.DeprecatedOpt(other, group=group) for group, other in former])


def _none(group):
    return None if group == 'DEFAULT' else group


def _of_messaging():
    """Group and option, for each one that RPC, notifications or the driver
    register. The list of opts.list_opts names a wrong group for a few."""
    for module, name in ((server, '_pool_opts'), (client, '_client_opts'),
                         (transport, '_transport_opts'),
                         (dispatcher, '_dispatcher_opts')):
        yield from _each(None, getattr(module, name))
    yield from _each('oslo_messaging_notifications', notifier._notifier_opts)
    yield from _each('oslo_messaging_notifications',
                     [_impl_routing.router_config])
    yield from _each('oslo_messaging_rabbit', amqp.amqp_opts)
    yield from _each('oslo_messaging_rabbit', impl_rabbit.rabbit_opts)
    # Newer releases have these among those of the driver.
    yield from _each('oslo_messaging_rabbit', getattr(base, 'base_opts', []))
    yield from _each('oslo_messaging_metrics', metrics.oslo_messaging_metrics)
    if tracing:
        yield from _each('oslo_messaging_tracing',
                         tracing.oslo_messaging_tracing)


def _each(group, options):
    return ((group, copy.deepcopy(option)) for option in options)


def messaging_options():
    """Group, name, type and former names of each option of the library."""
    return [{
        'group': group or 'DEFAULT',
        'name': opt.dest,
        'type': _type(opt),
        'former': [[old.group or group or 'DEFAULT', old.name or opt.dest]
                   for old in opt.deprecated_opts],
    } for group, opt in _of_messaging()]


def _type(opt):
    for name, kind in TYPES.items():
        if type(opt) is kind:
            return name
    return type(opt).__name__
