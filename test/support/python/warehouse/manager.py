"""Server side of the warehouse: each method answers with what it was called with."""

import oslo_messaging


class WarehouseManager(object):
    """Manages the warehouse."""

    target = oslo_messaging.Target(version='2.4')

    def __init__(self):
        self._notes = []

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

    def _forget(self, context):
        self._notes.clear()
