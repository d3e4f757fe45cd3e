"""A service that asks for prices all the time. It stays in Python."""

import collections
import os
import signal
import time

import oslo_messaging
from oslo_config import cfg

import rpcapi


def main():
    ended = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: ended.append(number))
    transport = oslo_messaging.get_rpc_transport(
        cfg.CONF, os.environ['TRANSPORT_URL'], allowed_remote_exmods=['rpcapi'])
    api = rpcapi.PricingAPI(transport)
    counts = collections.Counter(python=0, nest=0, failed=0)
    while not ended:
        try:
            quote = api.quote({}, 'lamp', quantity=2, coupon='SPRING')
            assert quote['total'] == 8820, quote
            counts[quote['server']] += 1
        except Exception as error:
            print(repr(error))
            counts['failed'] += 1
        if sum(counts.values()) % 20 == 0:
            try:
                api.quote({}, 'sofa')
            except rpcapi.UnknownItem:
                print(', '.join('%s: %d' % item for item in counts.items()))
        time.sleep(0.02)


if __name__ == '__main__':
    main()
