"""Client side of the warehouse: one method for each form that is written in rpcapi.py files."""

from warehouse import base
from warehouse import topics

WITH_REMARKS = True


def to_primitive(value):
    return value


class WarehouseAPI(base.RPCAPI):
    """Client side of the warehouse RPC API.

    API version history:

        2.0 - Initial version.
        2.4 - Add audit().
    """

    TOPIC = topics.TOPIC_WAREHOUSE
    RPC_API_VERSION = '2.4'
    RPC_DEFAULT_VERSION = '2.0'
    VERSION_ALIASES = {'antelope': '1.9', 'bobcat': '2.1', 'caracal': '2.4'}

    @property
    def router(self):
        return self.client

    @staticmethod
    def make_msg(method, **kwargs):
        return method, kwargs

    def call(self, ctxt, msg, version=None):
        method, kwargs = msg
        if version is not None:
            client = self.client.prepare(version=version)
        else:
            client = self.client.prepare(version=self.RPC_DEFAULT_VERSION)
        return client.call(ctxt, method, **kwargs)

    def _cast_note(self, ctxt, method, **kwargs):
        cctxt = self._get_cctxt()
        cctxt.cast(ctxt, method, **kwargs)

    def get(self, ctxt, item_id):
        """Returns an item.

        :param ctxt: request context
        :param item_id: id of the item
        :type item_id: str
        :returns: the item, with its place
        :rtype: dict
        """
        cctxt = self.client.prepare(version='2.0')
        return cctxt.call(ctxt, 'get', item_id=item_id)

    def count(self, ctxt, shelf: str, empty: bool = False) -> int:
        return self._get_cctxt().call(ctxt, 'count', shelf=shelf, empty=empty)

    def put(self, ctxt, item, shelf, remark=None):
        kw = {'item': to_primitive(item), 'shelf': shelf}
        kw['remark'] = remark
        cctxt = self._get_cctxt(version='2.1')
        return cctxt.call(ctxt, 'put', **kw)

    def move(self, ctxt, item_id, shelf, priority=0):
        msg_args = dict(item_id=item_id, shelf=shelf)
        version = '2.2'
        msg_args.update(priority=priority)
        if not self.client.can_send_version(version):
            version = '2.0'
            del msg_args['priority']
        cctxt = self.client.prepare(version=version)
        return cctxt.call(ctxt, 'move', **msg_args)

    def rename(self, ctxt, item_id, title):
        version = '2.3'
        msg_args = {'item_id': item_id, 'title': title}
        if not self.client.can_send_version(version):
            version = '2.0'
            msg_args['name'] = msg_args.pop('title')
        cctxt = self.client.prepare(version=version)
        return cctxt.call(ctxt, 'rename', **msg_args)

    def lend(self, ctxt, item_id, days, deposit=None):
        kw = {'item_id': item_id, 'days': days, 'deposit': deposit}
        version = '2.2'
        if not self.client.can_send_version(version):
            if deposit:
                raise RuntimeError('deposits need 2.2')
            kw.pop('deposit')
            version = '2.0'
        cctxt = self._get_cctxt(version=version)
        return cctxt.call(ctxt, 'lend', **kw)

    def weigh(self, ctxt, item_id):
        cctxt = self._get_cctxt(version=('2.3', '2.0'))
        args = {'item_id': item_id}
        if cctxt.can_send_version('2.3'):
            args['unit'] = 'kg'
        return cctxt.call(ctxt, 'weigh', **args)

    def discard(self, ctxt, item_id, do_cast=False):
        cctxt = self.router.prepare(version='2.0')
        rpc_method = cctxt.cast if do_cast else cctxt.call
        return rpc_method(ctxt, 'discard', item_id=item_id)

    def sort(self, ctxt, shelf, sync=True):
        cctxt = self._get_cctxt()
        if sync:
            return cctxt.call(ctxt, 'sort', shelf=shelf)
        cctxt.cast(ctxt, 'sort', shelf=shelf)

    @base.assert_min_version('2.4')
    def audit(self, ctxt, since=None):
        """Compares shelves with the books."""
        return self._get_cctxt().call(ctxt, 'audit', since=since)

    def inspect(self, ctxt, host, shelf):
        cctxt = self._get_cctxt(server=host)
        return cctxt.call(ctxt, 'inspect', host=host, shelf=shelf)

    def ping_host(self, ctxt, host):
        return self._get_cctxt(server=host).call(ctxt, 'ping_host')

    def list_items(self, ctxt, limit=None, marker=None):
        return self.call(ctxt, self.make_msg('list_items', limit=limit, marker=marker))

    def show_items(self, ctxt, item_ids):
        return self.call(ctxt, self.make_msg('show_items', item_ids=item_ids), version='2.1')

    def search(self, ctxt, **filters):
        return self._get_cctxt().call(ctxt, 'search', **filters)

    def find(self, ctxt, text):
        return self._find(ctxt, text, case=True)

    def _find(self, ctxt, text, case=False, regex=False):
        return self._get_cctxt().call(ctxt, 'find', text=text, case=case, regex=regex)

    def take_inventory(self, ctxt, name):
        cctxt = self._get_cctxt(fanout=True)
        cctxt.cast(ctxt, 'take_inventory', name=name)

    def opened(self, ctxt, door):
        self._cast_note(ctxt, 'opened', door=door)

    def closed(self, ctxt, door, locked):
        self._cast_note(ctxt, 'closed', door=door, locked=locked)

    def notes(self, ctxt):
        return self._get_cctxt().call(ctxt, 'notes')
