"""Server side of the warehouse: each method of its manager answers with what it was called with."""

import oslo_messaging

from warehouse import base
from warehouse import rpcapi as warehouse_rpcapi
from warehouse import topics


class WarehouseManager(object):
    """Manages the warehouse."""

    RPC_API_VERSION = warehouse_rpcapi.WarehouseAPI.RPC_API_VERSION

    target = oslo_messaging.Target(version=RPC_API_VERSION)

    def __init__(self):
        self._notes = []

    def start(self):
        self._notes.clear()

    def get(self, context, item_id: str) -> dict:
        """Returns an item."""
        return {'item_id': item_id}

    def count(self, context, shelf, empty=False):
        return {'shelf': shelf, 'empty': empty}

    def put(self, context, item, shelf, remark=None):
        return {'item': item, 'shelf': shelf, 'remark': remark}

    def move(self, context, item_id, shelf, priority=None):
        return {'item_id': item_id, 'shelf': shelf, 'priority': priority}

    def rename(self, context, item_id, title=None, name=None):
        return {'item_id': item_id, 'title': title, 'name': name}

    def lend(self, context, item_id, days, deposit=None):
        return {'item_id': item_id, 'days': days, 'deposit': deposit}

    def weigh(self, context, item_id, unit):
        return {'item_id': item_id, 'unit': unit}

    def discard(self, context, item_id):
        return {'item_id': item_id}

    def sort(self, context, shelf):
        return {'shelf': shelf}

    def audit(self, context, since=None):
        return {'since': since}

    def inspect(self, context, host, shelf):
        return {'host': host, 'shelf': shelf}

    def ping_host(self, context):
        return 'here'

    def list_items(self, context, limit=None, marker=None):
        return {'limit': limit, 'marker': marker}

    def show_items(self, context, item_ids):
        return {'item_ids': item_ids}

    def search(self, context, **filters):
        return filters

    def find(self, context, text, case, regex):
        return {'text': text, 'case': case, 'regex': regex}

    def take_inventory(self, context, name):
        self._notes.append(['take_inventory', name])

    def opened(self, context, door):
        self._notes.append(['opened', door])

    def closed(self, context, door, locked):
        self._notes.append(['closed', door, locked])

    def notes(self, context):
        return self._notes

    def ring(self, context, door):
        client = base.get_client(oslo_messaging.Target(topic='doors', version='1.0'))
        client.prepare(fanout=True).cast(context, 'bell_rung', door=door)

    def _forget(self, context):
        self._notes.clear()


class ServiceBase(object):
    def periodic_tasks(self, context, raise_on_error=False):
        pass


class LoadingService(ServiceBase):
    RPC_API_VERSION = '1.36'

    def __init__(self, topic):
        self.topic = topic
        self.target = None

    def start(self):
        target = oslo_messaging.Target(version=self.RPC_API_VERSION, server='l1', topic=self.topic)
        self.target = target

    def load(self, cnxt, pallet):
        return pallet

    def unload(self, cntx, pallet, force=False):
        return force


class GateEndpoint(object):
    target = oslo_messaging.Target(version='1.1', namespace=topics.TOPIC_WAREHOUSE)

    @property
    def client(self):
        return base.get_client(oslo_messaging.Target(topic='gates'))

    def open_gate(self, request, gate):
        return gate

    def close_gate(self, request, gate, slowly=False):
        return slowly
