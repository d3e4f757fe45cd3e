"""Captures notifications that the installed oslo.messaging publishes.

    /usr/bin/python3 capture_notifications.py URL > notifications.json

URL is the transport URL of a broker to capture on.
"""

import importlib.metadata
import json
import sys
import uuid

import kombu
import oslo_messaging as om
from oslo_config import cfg

PRIORITIES = ('audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample')

CONTEXT = {
    'user_id': 'u1', 'project_id': 'p1', 'roles': ['admin', 'member'],
    'is_admin': True, 'request_id': 'req-1', 'global_request_id': None,
    'auth_token': 'a secret', 'custom': {'kept': False},
}

PAYLOADS = (
    {'name': 'ä\u2028 "quoted" \\ \0 \U0001f600', 'nested': [{'deep': [
        None, True, 1.5, -0.001, 1e-7, 2 ** 53 - 1, '']}], 'empty': [{}, []]},
    'text', None, 12, False, [],
)

CALLS = [
    {'driver': driver, 'priority': priority, 'publisherId': 'nfv.host1',
     'eventType': 'vnf.' + priority, 'payload': payload, 'context': context}
    for driver in ('messaging', 'messagingv2')
    for priority, payload, context in (
        [(priority, {'id': 7}, CONTEXT) for priority in PRIORITIES] +
        [('info', payload, {}) for payload in PAYLOADS])
]


def capture(transport, queue, topic, call):
    notifier = om.Notifier(transport, publisher_id=call['publisherId'],
                           driver=call['driver'], topics=[topic])
    getattr(notifier, call['priority'])(
        call['context'], call['eventType'], call['payload'])
    message = queue.get(block=True, timeout=10)
    message.ack()
    return {
        'call': call,
        'properties': {
            'contentType': message.content_type,
            'contentEncoding': message.content_encoding,
            'deliveryMode': message.properties.get('delivery_mode'),
            'priority': message.properties.get('priority'),
            'headers': message.headers,
        },
        'body': message.body if isinstance(message.body, str)
        else bytes(message.body).decode(),
    }


def main(url):
    conf = cfg.CONF
    conf([], project='capture')
    om.set_transport_defaults(control_exchange='vectors')
    transport = om.get_notification_transport(conf, url)
    topic = uuid.uuid4().hex
    with kombu.Connection(url.replace('rabbit:', 'amqp:', 1)) as connection:
        exchange = kombu.Exchange('vectors', 'topic', durable=False)
        bindings = [kombu.binding(exchange, routing_key=f'{topic}.{priority}')
                    for priority in PRIORITIES]
        tap = kombu.Queue(uuid.uuid4().hex, bindings=bindings, durable=False,
                          exclusive=True)
        with connection.SimpleQueue(tap) as queue:
            messages = [capture(transport, queue, topic, call)
                        for call in CALLS]
        channel = connection.channel()
        for priority in PRIORITIES:
            channel.queue_delete(f'{topic}.{priority}')
        channel.exchange_delete('vectors')
    transport.cleanup()
    release = importlib.metadata.version('oslo.messaging')
    json.dump({'release': f'oslo.messaging {release}', 'messages': messages},
              sys.stdout, indent=2)
    print()


if __name__ == '__main__':
    main(sys.argv[1])
