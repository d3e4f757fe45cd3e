"""Notification endpoints, and what the library decides about notifications."""

import threading

import oslo_messaging as om
from oslo_messaging.notify import _impl_routing

PRIORITIES = ('audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample')


def create_filter(rule):
    return om.NotificationFilter(
        context=rule.get('context'), publisher_id=rule.get('publisherId'),
        event_type=rule.get('eventType'), metadata=rule.get('metadata'),
        payload=rule.get('payload'))


class Endpoint:
    """Records; which priorities it takes is a parameter."""

    def __init__(self, record, priorities=None, requeue=0, filter=None):
        self._record = record
        self._lock = threading.Lock()
        self._requeue = requeue
        if filter is not None:
            self.filter_rule = create_filter(filter)
        for priority in priorities or PRIORITIES:
            setattr(self, priority, self._method(priority))

    def _method(self, priority):
        def method(ctxt, publisher_id, event_type, payload, metadata):
            self._add(priority, None, ctxt, publisher_id, event_type, payload,
                      metadata)
            return self._result()
        return method

    def _add(self, priority, batch, ctxt, publisher_id, event_type, payload,
             metadata):
        self._record.add(
            kind='notification', priority=priority, batch=batch,
            ctxt=dict(ctxt), publisherId=publisher_id, eventType=event_type,
            payload=payload, metadata=metadata)

    def _result(self):
        with self._lock:
            self._requeue -= 1
            again = self._requeue >= 0
        if again:
            return om.NotificationResult.REQUEUE
        return om.NotificationResult.HANDLED


class BatchEndpoint(Endpoint):
    def __init__(self, *args, **kwargs):
        self._batches = 0
        super().__init__(*args, **kwargs)

    def _method(self, priority):
        def method(messages):
            with self._lock:
                self._batches += 1
                batch = self._batches
            for message in messages:
                self._add(priority, batch, **message)
            return self._result()
        return method


def filter_matches(rule, candidates):
    screen = create_filter(rule)
    return [screen.match(one['context'], one['publisherId'], one['eventType'],
                         one['metadata'], one['payload'])
            for one in candidates]


def routed_drivers(groups, events):
    """The drivers that the routing notifier would use for each event."""
    driver = _impl_routing.RoutingDriver(None, None, None)

    def route(event_type, priority):
        found = set()
        for group in groups.values():
            found.update(driver._get_drivers_for_message(
                group, event_type, priority))
        return sorted(found)

    return [route(*event) for event in events]
