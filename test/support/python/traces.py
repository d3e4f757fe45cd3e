"""Spans of this process, in the form in which the tests compare them.

A release of oslo.messaging from 18.3 on makes them itself, by OpenTelemetry's
SDK. For older ones, this carries a trace as that release does: W3C keys in
the serialized request context, read where a server takes a message, written
where the transport sends one.
"""

import contextlib
import secrets
import threading

from oslo_messaging import transport
from oslo_messaging.notify import listener
from oslo_messaging.rpc import server


def start(mode, conf):
    """Returns a function that returns the spans."""
    return {'shim': _shim, 'sdk': _sdk}[mode](conf)


def _sdk(conf):
    from opentelemetry import trace
    from opentelemetry.sdk import trace as sdk
    from opentelemetry.sdk.trace import export
    from opentelemetry.sdk.trace.export import in_memory_span_exporter
    exporter = in_memory_span_exporter.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    conf.set_override(
        'tracing_enabled', True, group='oslo_messaging_tracing')
    return lambda: [_described(one) for one in exporter.get_finished_spans()]


def _described(span):
    return {
        'traceId': format(span.context.trace_id, '032x'),
        'spanId': format(span.context.span_id, '016x'),
        'parentId': span.parent and format(span.parent.span_id, '016x'),
        'name': span.name, 'kind': span.kind.name,
        'attributes': dict(span.attributes)}


class _Shim:
    def __init__(self):
        self._lock = threading.Lock()
        self._active = threading.local()
        self._spans = []

    def spans(self):
        with self._lock:
            return list(self._spans)

    @contextlib.contextmanager
    def span(self, name, kind, parent, **attributes):
        before = getattr(self._active, 'span', None)
        trace_id, parent_id = parent or before or (secrets.token_hex(16), None)
        span_id = secrets.token_hex(8)
        self._active.span = (trace_id, span_id)
        try:
            yield '00-%s-%s-01' % (trace_id, span_id)
        finally:
            self._active.span = before
            with self._lock:
                self._spans.append({
                    'traceId': trace_id, 'spanId': span_id,
                    'parentId': parent_id, 'name': name, 'kind': kind,
                    'attributes': attributes})

    def receiving(self, ctxt, method):
        parent = (ctxt.get('traceparent') or '').split('-')[1:3] or None
        return self.span('%s receive' % method, 'CONSUMER', parent,
                         **{'messaging.system': 'rabbitmq',
                            'messaging.operation': 'receive',
                            'rpc.method': method})

    def sending(self, topic, method, call_type):
        return self.span('%s.%s' % (topic, method), 'PRODUCER', None,
                         **{'messaging.system': 'rabbitmq',
                            'messaging.operation': call_type,
                            'messaging.destination.name': topic,
                            'rpc.method': method})


def _shim(conf):
    shim = _Shim()
    send = transport.RPCTransport._send
    notify = transport.NotificationTransport._send_notification
    serve = server.RPCServer._process_incoming
    listen = listener.NotificationServer._process_incoming

    def traced_send(self, target, ctxt, message, wait_for_reply=None, **rest):
        call_type = 'call' if wait_for_reply else 'cast'
        with shim.sending(
                target.topic, message['method'], call_type) as traceparent:
            return send(self, target, dict(ctxt, traceparent=traceparent),
                        message, wait_for_reply=wait_for_reply, **rest)

    def traced_notify(self, target, ctxt, message, *rest, **options):
        with shim.sending(
                target.topic, message['event_type'], 'notify') as traceparent:
            return notify(self, target, dict(ctxt, traceparent=traceparent),
                          message, *rest, **options)

    def traced_serve(self, incoming):
        message = incoming[0]
        with shim.receiving(message.ctxt, message.message.get('method')):
            return serve(self, incoming)

    def traced_listen(self, incoming):
        message = incoming[0]
        with shim.receiving(message.ctxt, message.message.get('event_type')):
            return listen(self, incoming)

    transport.RPCTransport._send = traced_send
    transport.NotificationTransport._send_notification = traced_notify
    server.RPCServer._process_incoming = traced_serve
    listener.NotificationServer._process_incoming = traced_listen
    return shim.spans
