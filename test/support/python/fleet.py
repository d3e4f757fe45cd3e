"""A server or a caller of a mixed fleet, in a process of its own.

fleet.py server URL TOPIC RELEASE    answers heal in version RELEASE
fleet.py caller URL TOPIC RELEASE    calls heal in version RELEASE, steadily

Both print a line when they have begun, and end on SIGTERM. A caller then
prints its counts as JSON. On SIGABRT, they print their stacks.
"""

import collections
import faulthandler
import json
import os
import signal
import sys

import oslo_messaging as om
from oslo_config import cfg

# Old releases do not have the function, new ones refuse the constructor.
create_client = getattr(om, 'get_rpc_client', om.RPCClient)

PAUSE_SECONDS = 0.01


class Old:
    target = om.Target(version='1.0')

    def heal(self, ctxt, vnf_id):
        return {'by': 'python 1.0', 'cause': None}


class New:
    target = om.Target(version='1.2')

    def heal(self, ctxt, vnf_id, cause=None):
        return {'by': 'python 1.2', 'cause': cause}


def serve(transport, topic, release):
    endpoint = New() if release == '1.2' else Old()
    server = om.get_rpc_server(
        transport, om.Target(topic=topic, server=f'python-{release}'),
        [endpoint], executor='threading')
    server.start()
    print('consuming')
    signal.sigwait({signal.SIGTERM})
    server.stop()
    # Requests that arrive while the library deletes its fanout queue would be
    # lost: see examples/rolling-upgrade/server.py.
    consumers = server.listener._poll_style_listener.conn._consumers
    for consumer in [one for one in consumers if one.type == 'fanout']:
        del consumers[consumer]
    server.wait()


def keep_calling(transport, topic, release):
    # As in a Python RPC API class: the version of the method, under a cap.
    client = create_client(transport, om.Target(topic=topic, version='1.0'),
                           version_cap=release)
    arguments = {'vnf_id': 'v1'}
    if client.can_send_version('1.2'):
        client = client.prepare(version='1.2')
        arguments['cause'] = 'drill'
    answered, failed = collections.Counter(), []
    while not signal.sigtimedwait({signal.SIGTERM}, PAUSE_SECONDS):
        try:
            answer = client.call({}, 'heal', **arguments)
            if not answered:
                print('calling')
            answered[answer['by']] += 1
            if answer['cause'] != arguments.get('cause'):
                failed.append(f'the cause was {answer["cause"]}')
        except Exception as error:
            print(f'failed: {error!r}')
            failed.append(repr(error))
    print(json.dumps({'answered': answered, 'failed': failed}))
    sys.stdout.flush()
    # The library takes six seconds to close a transport that has had calls.
    os._exit(0)


def main(role, url, topic, release):
    faulthandler.enable()
    # Before any thread starts. A handler might never run: the main thread
    # would have to wake up, and a thread that just starts can take its signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    om.set_transport_defaults('tacker')
    # The global object: 14.0.3's metrics look there and nowhere else.
    cfg.CONF([], project='fleet')
    transport = om.get_rpc_transport(cfg.CONF, url)
    run = serve if role == 'server' else keep_calling
    run(transport, topic, release)
    transport.cleanup()


if __name__ == '__main__':
    main(*sys.argv[1:])
