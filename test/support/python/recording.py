"""What the endpoints of this process got, as the tests ask for it."""

import threading

import oslo_messaging as om

PRIORITIES = ('audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample')


class Record:
    def __init__(self):
        self._lock = threading.Lock()
        self._entries = []

    def add(self, **entry):
        with self._lock:
            self._entries.append(entry)

    def entries(self):
        with self._lock:
            return list(self._entries)

    def clear(self):
        with self._lock:
            self._entries.clear()


class RecordingDispatcher(om.RPCDispatcher):
    """Sees a request as it came, before a namespace or version is chosen."""

    def __init__(self, record, server, endpoints, serializer=None):
        super().__init__(endpoints, serializer)
        self._record = record
        self._server = server

    def dispatch(self, incoming):
        message = incoming.message
        self._record.add(
            kind='rpc', server=self._server, method=message.get('method'),
            args=message.get('args', {}), ctxt=dict(incoming.ctxt),
            namespace=message.get('namespace'), version=message.get('version'),
            msgId=getattr(incoming, 'msg_id', None),
            replyQueue=getattr(incoming, 'reply_q', None),
            uniqueId=getattr(incoming, 'unique_id', None),
            clientTimeout=getattr(incoming, 'client_timeout', None))
        return super().dispatch(incoming)


class RecordingListener:
    """A notification endpoint; which priorities it takes is a parameter."""

    def __init__(self, record, priorities, requeue):
        self._record = record
        self._lock = threading.Lock()
        self._requeue = requeue
        for priority in priorities or PRIORITIES:
            setattr(self, priority, self._endpoint(priority))

    def _endpoint(self, priority):
        def endpoint(ctxt, publisher_id, event_type, payload, metadata):
            self._record.add(
                kind='notification', priority=priority, ctxt=dict(ctxt),
                publisherId=publisher_id, eventType=event_type,
                payload=payload, metadata=metadata)
            with self._lock:
                self._requeue -= 1
                again = self._requeue >= 0
            if again:
                return om.NotificationResult.REQUEUE
            return om.NotificationResult.HANDLED
        return endpoint
