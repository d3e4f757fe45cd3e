"""A server or a client with Python's oslo.messaging, for the benchmark.

It has the methods of the benchmark's own processes and is called by lines of
JSON on the channel that Node opens for a child. Each call in flight takes a
thread, as in the services that use the library.
"""

import json
import logging
import math
import os
import socket
import sys
import threading
import time

import oslo_messaging as om
from oslo_config import cfg

TIMEOUT = 60
EXCHANGE = 'tacker'
# Threads of a server whose handlers wait.
SLOTS = 16

create_client = getattr(om, 'get_rpc_client', om.RPCClient)


class Endpoint:
    target = om.Target(version='1.0')

    calls = 0

    def echo(self, context, waitMs=None, **args):
        if waitMs:
            time.sleep(waitMs / 1000)
            Endpoint.calls += 1
            args['waitMs'] = waitMs
        return args


class Worker:
    def __init__(self):
        self._server = self._client = self._transport = None

    def _connect(self, url):
        # The global object: 14.0.3's metrics look there and nowhere else.
        conf = cfg.CONF
        conf([], project='bench')
        self._transport = om.get_rpc_transport(conf, url)

    def serve(self, peer, place):
        begun = time.monotonic()
        self._connect(place['url'])
        target = om.Target(exchange=EXCHANGE, topic=place['topic'],
                           server=place['host'])
        self._server = om.get_rpc_server(
            self._transport, target, [Endpoint()], executor='threading')
        if peer.startswith('pressed'):
            # The option exists once there is a server.
            cfg.CONF.set_override('executor_thread_pool_size', SLOTS)
        self._server.start()
        return (time.monotonic() - begun) * 1000

    def connect(self, _, place):
        self._connect(place['url'])
        target = om.Target(
            exchange=EXCHANGE, topic=place['topic'], version='1.0')
        self._client = create_client(
            self._transport, target, timeout=TIMEOUT)
        self._check_echo()

    def _check_echo(self):
        if self._call({'text': 'echo'}) != {'text': 'echo'}:
            raise RuntimeError('not an echo')

    def _call(self, args):
        return self._client.call({'user_id': 'u'}, 'echo', **args)

    def load(self, load, args):
        lock = threading.Lock()
        latencies, errors = [], []
        left = [load.get('calls', math.inf)]
        begun = time.monotonic()
        end = begun + load.get('seconds', math.inf)

        def more():
            with lock:
                left[0] -= 1
                return left[0] >= 0 and time.monotonic() < end

        def caller():
            while more():
                sent = time.monotonic()
                try:
                    self._call(args)
                    latencies.append((time.monotonic() - sent) * 1000)
                except Exception as error:
                    errors.append(repr(error))

        cpu = time.process_time()
        threads = [threading.Thread(target=caller)
                   for _ in range(load['inFlight'])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        latencies.sort()
        return {
            'answered': len(latencies),
            'errors': len(errors),
            'firstError': errors[0] if errors else None,
            'seconds': time.monotonic() - begun,
            'p50Ms': percentile(latencies, 0.5),
            'p99Ms': percentile(latencies, 0.99),
            'cpuMicros': (time.process_time() - cpu) * 1e6,
        }

    def cpu(self):
        return time.process_time() * 1e6

    def served(self):
        return Endpoint.calls

    def rss(self):
        with open('/proc/self/statm') as file:
            pages = int(file.read().split()[1])
        return pages * os.sysconf('SC_PAGE_SIZE')

    def memory(self):
        return {'rssBytes': self.rss(), 'heapBytes': None}


def percentile(values, part):
    if not values:
        return None
    return values[max(0, math.ceil(len(values) * part) - 1)]


def answer_to(worker, question):
    try:
        method = getattr(worker, question['method'])
        return {'ok': True, 'value': method(*question['args'])}
    except Exception as error:
        return {'ok': False, 'error': repr(error)}


def main():
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    channel = socket.socket(fileno=int(os.environ['NODE_CHANNEL_FD']))
    worker = Worker()
    try:
        for line in channel.makefile('r', encoding='utf-8'):
            answer = answer_to(worker, json.loads(line))
            channel.sendall((json.dumps(answer) + '\n').encode())
    finally:
        # The benchmark has ended. The library's threads must not keep this
        # process.
        os._exit(0)


if __name__ == '__main__':
    main()
