"""The RPC API of the pricing service, for its clients."""

import oslo_messaging


class UnknownItem(Exception):
    """There is no price for an item."""


class PricingAPI:
    """Client of the pricing service.

    1.0 - Initial version.
    1.1 - Added the argument coupon to quote().
    """

    def __init__(self, transport, version_cap=None):
        target = oslo_messaging.Target(topic='pricing', version='1.0')
        self.client = oslo_messaging.get_rpc_client(
            transport, target, version_cap=version_cap)

    def quote(self, ctxt, item, quantity=1, coupon=None):
        """Returns the price of some pieces of an item.

        :param str item: name of the item
        :param int quantity: number of pieces
        :param str coupon: code that gives 10 percent off
        """
        version = '1.1'
        kwargs = {'item': item, 'quantity': quantity, 'coupon': coupon}
        if not self.client.can_send_version(version):
            version = '1.0'
            del kwargs['coupon']
        cctxt = self.client.prepare(version=version)
        return cctxt.call(ctxt, 'quote', **kwargs)

    def reload(self, ctxt):
        """Has all servers read the prices again."""
        cctxt = self.client.prepare(fanout=True)
        cctxt.cast(ctxt, 'reload')
