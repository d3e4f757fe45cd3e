"""What the RPC API classes of one project share."""

import functools

import oslo_messaging

from warehouse import topics

TRANSPORT = None


def get_client(target):
    return oslo_messaging.get_rpc_client(TRANSPORT, target)


def assert_min_version(version):
    def decorator(method):
        @functools.wraps(method)
        def wrapper(self, *args, **kwargs):
            if not self.client.can_send_version(version):
                raise RuntimeError('too old for %s' % method.__name__)
            return method(self, *args, **kwargs)
        return wrapper
    return decorator


class RPCAPI(object):
    TOPIC = ''
    RPC_API_VERSION = '1.0'
    RPC_DEFAULT_VERSION = '1.0'

    def __init__(self):
        target = oslo_messaging.Target(exchange=topics.EXCHANGE, topic=self.TOPIC,
                                       version=self.RPC_API_VERSION)
        self.client = get_client(target)

    def _compat_ver(self, current, *legacy):
        versions = (current,) + legacy
        for version in versions[:-1]:
            if self.client.can_send_version(version):
                return version
        return versions[-1]

    def _get_cctxt(self, version=None, **kwargs):
        if version is None:
            version = self.RPC_DEFAULT_VERSION
        if isinstance(version, tuple):
            version = self._compat_ver(*version)
        return self.client.prepare(version=version, **kwargs)
