"""An oslo.messaging peer, driven by lines of JSON on its standard input.

A request is {"id", "op", "with": {...}}, its answer {"id", "result"} or
{"id", "error"}. Each request runs in a thread of its own. The process ends
when it is told to quit, or when its input ends.
"""

import importlib.metadata
import itertools
import json
import logging
import os
import sys
import threading

import configuration
import differential
import extra_headers
import notifications
import oslo_messaging as om
import recording
import traces
import values
from endpoints import create as create_endpoints
from oslo_config import cfg
from oslo_messaging.rpc import server as rpc_server

RABBIT_GROUP = 'oslo_messaging_rabbit'

# Old releases do not have the function, new ones refuse the constructor.
create_client = getattr(om, 'get_rpc_client', om.RPCClient)


class Peer:
    def __init__(self):
        self._record = recording.Record()
        self._executions = differential.Executions()
        self._running = {}
        self._handles = itertools.count(1)

    def configure(self, url, config=None, defaults=None, allowedExmods=None,
                  rpcPing=None, controlExchange='tacker', configFile=None,
                  logLevel='WARNING', extraHeaders=False, tracing=None):
        if extraHeaders:
            extra_headers.prepare()
        logging.basicConfig(stream=sys.stderr, level=logLevel)
        # The global object: 14.0.3's metrics look there and nowhere else.
        conf = cfg.CONF
        with configuration.arguments_for(configFile) as arguments:
            conf(arguments, project='peer')
        om.set_transport_defaults(control_exchange=controlExchange)
        # A first transport registers the driver's options, so that they can
        # be set before the one that is used reads them.
        create_client(om.get_rpc_transport(conf, url), om.Target())
        om.RPCDispatcher([], None)
        for name, value in (config or {}).items():
            conf.set_override(name, value, group=RABBIT_GROUP)
        for name, value in (defaults or {}).items():
            conf.set_override(name, value)
        if rpcPing is not None:
            conf.set_override('rpc_ping_enabled', rpcPing)
        self._rpc = om.get_rpc_transport(
            conf, url, allowed_remote_exmods=allowedExmods)
        self._notifications = om.get_notification_transport(conf, url)
        if tracing:
            self._spans = traces.start(tracing, conf)

    def spans(self):
        return self._spans()

    def read_configuration(self, **case):
        return configuration.read(**case)

    def messaging_options(self):
        return configuration.messaging_options()

    def choose_headers(self, kind):
        extra_headers.choose(kind)

    def version(self):
        return importlib.metadata.version('oslo.messaging')

    def start_server(self, topic, server, exchange='tacker', endpoints=None,
                     serializer=None):
        dispatcher = recording.RecordingDispatcher(
            self._record, server, create_endpoints(endpoints, server, self),
            values.serializer(serializer))
        target = om.Target(exchange=exchange, topic=topic, server=server)
        return self._start(rpc_server.RPCServer(
            self._rpc, target, dispatcher, 'threading'))

    def start_differential_server(self, topic, server, exchange='tacker'):
        target = om.Target(exchange=exchange, topic=topic, server=server)
        return self._start(om.get_rpc_server(
            self._rpc, target, differential.create(self._executions),
            executor='threading'))

    def execution_count(self):
        return self._executions.counts()

    def take_executions(self):
        return self._executions.take()

    def differential_request(self, text):
        request = json.loads(text)
        return differential.invoke(
            self._client(**request['target']), request)

    def listen(self, topics, exchange=None, pool=None, allowRequeue=True,
               batchSize=None, batchTimeout=None, **endpoint):
        targets = [om.Target(topic=topic, exchange=exchange)
                   for topic in topics]
        options = dict(executor='threading', allow_requeue=allowRequeue,
                       pool=pool)
        if batchSize is None:
            return self._start(om.get_notification_listener(
                self._notifications, targets,
                [notifications.Endpoint(self._record, **endpoint)], **options))
        return self._start(om.get_batch_notification_listener(
            self._notifications, targets,
            [notifications.BatchEndpoint(self._record, **endpoint)],
            batch_size=batchSize, batch_timeout=batchTimeout, **options))

    def _start(self, server):
        server.start()
        handle = next(self._handles)
        self._running[handle] = server
        return handle

    def stop(self, handle):
        server = self._running.pop(handle, None)
        if server:
            server.stop()
            server.wait()

    def call(self, method, args=None, context=None, **target):
        return self._client(**target).call(
            context or {}, method, **(args or {}))

    def cast(self, method, args=None, context=None, **target):
        self._client(**target).cast(context or {}, method, **(args or {}))

    def _client(self, topic, exchange='tacker', namespace=None, version=None,
                server=None, fanout=None, timeout=None, versionCap=None,
                retry=None, callMonitorTimeout=None, transportOptions=None,
                serializer=None):
        target = om.Target(
            exchange=exchange, topic=topic, namespace=namespace,
            version=version, server=server, fanout=fanout)
        options = None
        if transportOptions:
            options = om.TransportOptions(
                at_least_once=transportOptions.get('atLeastOnce', False))
        client = create_client(
            self._rpc, target, timeout=timeout, version_cap=versionCap,
            retry=retry, call_monitor_timeout=callMonitorTimeout,
            serializer=values.serializer(serializer))
        if options is None:
            return client
        return client.prepare(transport_options=options)

    def notify(self, topic, publisherId, eventType, payload, priority='info',
               context=None, driver='messagingv2', retry=None, topics=None):
        # Without a topic, those of the configuration.
        if topics is None and topic is not None:
            topics = [topic]
        notifier = om.Notifier(
            self._notifications, publisher_id=publisherId, driver=driver,
            topics=topics, retry=retry)
        getattr(notifier, priority)(context or {}, eventType, payload)

    def filter_matches(self, rule, candidates):
        return notifications.filter_matches(rule, candidates)

    def routed_drivers(self, groups, events):
        return notifications.routed_drivers(groups, events)

    def log_error(self, url, topic, message):
        conf = cfg.CONF
        conf.set_override('transport_url', url)
        group = 'oslo_messaging_notifications'
        conf.set_override('driver', ['messagingv2'], group=group)
        conf.set_override('topics', [topic], group=group)
        self._log(om.PublishErrorsHandler(), message)

    def log_record(self, url, topic, message):
        self._log(om.LoggingNotificationHandler(
            url, publisher_id='peer', driver='messagingv2', topic=topic),
            message)

    def _log(self, handler, message):
        logger = logging.Logger('peer')
        logger.addHandler(handler)
        logger.error(message)

    def received(self):
        return self._record.entries()

    def forget(self):
        self._record.clear()

    def close(self):
        for handle in list(self._running):
            self.stop(handle)
        self._rpc.cleanup()
        self._notifications.cleanup()


class Answers:
    def __init__(self):
        # What a library prints must not get between the answers.
        self._out = os.fdopen(os.dup(1), 'w')
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def write(self, answer):
        line = json.dumps(answer)
        with self._lock:
            self._out.write(line + '\n')
            self._out.flush()


def answer(peer, request, answers):
    operation = getattr(peer, request['op'])
    try:
        result = operation(**values.decode(request['with']))
        answers.write({'id': request['id'], 'result': values.encode(result)})
    except Exception as error:
        answers.write(
            {'id': request['id'], 'error': values.encode_exception(error)})


def main():
    answers = Answers()
    peer = Peer()
    for line in sys.stdin:
        request = json.loads(line)
        if request['op'] == 'quit':
            try:
                peer.close()
            finally:
                os._exit(0)
        threading.Thread(
            target=answer, args=(peer, request, answers), daemon=True).start()
    # Nobody is there any more: the library's threads must not keep us.
    os._exit(1)


if __name__ == '__main__':
    main()
