"""The pricing service."""

import json
import os
import signal

import oslo_messaging
from oslo_config import cfg

import rpcapi


class Manager:
    target = oslo_messaging.Target(version='1.1')

    def __init__(self):
        self.reload(None)

    @oslo_messaging.expected_exceptions(rpcapi.UnknownItem)
    def quote(self, ctxt, item, quantity=1, coupon=None):
        if item not in self.prices:
            raise rpcapi.UnknownItem('No price for %s.' % item)
        total = self.prices[item] * quantity
        if coupon is not None:
            total = total * 9 // 10
        return {'item': item, 'total': total, 'server': 'python'}

    def reload(self, ctxt):
        with open('prices.json') as file:
            self.prices = json.load(file)


def stop(server):
    """Finishes the requests that have begun, and loses no other.

    oslo.messaging deletes its fanout queue while it closes, and loses the
    requests that arrive meanwhile. Without this step they stay in their
    queue. The broker deletes the fanout queue later.
    """
    server.stop()
    consumers = server.listener._poll_style_listener.conn._consumers
    for consumer in [one for one in consumers if one.type == 'fanout']:
        del consumers[consumer]
    server.wait()


def main():
    # Before any thread starts. A handler might never run: the main thread
    # would have to wake up, and a thread that just starts can take its signal.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    transport = oslo_messaging.get_rpc_transport(
        cfg.CONF, os.environ['TRANSPORT_URL'])
    server = oslo_messaging.get_rpc_server(
        transport, oslo_messaging.Target(topic='pricing', server='python1'),
        [Manager()], executor='threading')
    server.start()
    print('consuming')
    signal.sigwait(ends)
    stop(server)


if __name__ == '__main__':
    main()
