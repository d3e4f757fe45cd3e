"""What the endpoints of this process got, as the tests ask for it."""

import threading

import oslo_messaging as om

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
            # Newer releases give a cast an id of their own.
            msgId=getattr(incoming, 'orig_msg_id',
                          getattr(incoming, 'msg_id', None)),
            replyQueue=getattr(incoming, 'reply_q', None),
            uniqueId=getattr(incoming, 'unique_id', None),
            clientTimeout=getattr(incoming, 'client_timeout', None))
        return super().dispatch(incoming)
