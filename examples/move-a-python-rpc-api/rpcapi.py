"""The RPC API of the image service, for its clients."""

import oslo_messaging

TOPIC = 'images'


class ImageAPI:
    """Client of the image service.

    1.0 - Initial version.
    1.1 - Added pin().
    """

    def __init__(self, transport, version_cap=None):
        target = oslo_messaging.Target(topic=TOPIC, version='1.0')
        self.client = oslo_messaging.get_rpc_client(
            transport, target, version_cap=version_cap)

    def get(self, ctxt, image_id):
        """Returns an image.

        :param str image_id: id of the image
        """
        return self.client.call(ctxt, 'get', image_id=image_id)

    def create(self, ctxt, name, size=None):
        """Registers an image, and returns it.

        :param str name: name for people
        :param int size: bytes, if known
        """
        return self.client.call(ctxt, 'create', name=name, size=size)

    def pin(self, ctxt, image_id, reason):
        """Keeps an image from being forgotten."""
        cctxt = self.client.prepare(version='1.1')
        cctxt.cast(ctxt, 'pin', image_id=image_id, reason=reason)

    def forget(self, ctxt):
        """Has all servers forget their images."""
        self.client.prepare(fanout=True).cast(ctxt, 'forget')
