"""The same server in Python, in both releases."""

import os
import signal
import time

import oslo_messaging
from oslo_config import cfg

WORK_SECONDS = 0.05
SERVER = os.environ.get('SERVER_NAME', 'stock-2')


class Stock10:
    target = oslo_messaging.Target(version='1.0')

    def reserve(self, ctxt, item):
        time.sleep(WORK_SECONDS)
        return {'item': item, 'server': SERVER, 'release': '1.0'}


class Stock11:
    target = oslo_messaging.Target(version='1.1')

    def reserve(self, ctxt, item, note=None):
        time.sleep(WORK_SECONDS)
        return {'item': item, 'server': SERVER, 'release': '1.1',
                'note': note}


def stop(server):
    """Finishes the calls that have begun, and loses no other.

    oslo.messaging deletes its fanout queue while it closes. Requests that
    arrive meanwhile are acknowledged and never run: their callers wait in
    vain. Without this step, they return to the topic, for other servers. The
    broker deletes the queue later (rabbit_transient_queues_ttl).
    """
    server.stop()  # reads nothing any more
    consumers = server.listener._poll_style_listener.conn._consumers
    for consumer in [one for one in consumers if one.type == 'fanout']:
        del consumers[consumer]
    server.wait()


def main():
    stock = Stock11() if os.environ.get('RELEASE') == '1.1' else Stock10()
    # The default of the Nest servers. Python's own is 'openstack'.
    oslo_messaging.set_transport_defaults('tacker')
    transport = oslo_messaging.get_rpc_transport(
        cfg.CONF, os.environ['TRANSPORT_URL'])
    server = oslo_messaging.get_rpc_server(
        transport, oslo_messaging.Target(topic='stock', server=SERVER),
        [stock], executor='threading')

    # Before any thread starts. A handler might never run: the main thread
    # would have to wake up, and a thread that just starts can take its signal.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    server.start()
    print('consuming')
    signal.sigwait(ends)
    stop(server)
    transport.cleanup()


if __name__ == '__main__':
    main()
