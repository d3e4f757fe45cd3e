"""A conductor, as OpenStack services have one."""

import os
import signal
import uuid

import conductor_errors
import oslo_messaging
from oslo_config import cfg
from oslo_context import context as oslo_context


class ContextSerializer(oslo_messaging.NoOpSerializer):
    """The context of oslo.context, as a dictionary on the wire."""

    def serialize_context(self, ctxt):
        return ctxt.to_dict()

    def deserialize_context(self, ctxt):
        return oslo_context.RequestContext.from_dict(ctxt)


class Conductor:
    target = oslo_messaging.Target(version='1.0')

    def __init__(self, quota, notifier):
        self._quota = quota
        self._notifier = notifier
        self._vnfs = {}

    @oslo_messaging.expected_exceptions(conductor_errors.QuotaExceeded)
    def instantiate(self, ctxt, name):
        print(f'{ctxt.request_id} instantiates {name} for user '
              f'{ctxt.user_id} of project {ctxt.project_id}')
        try:
            # The API answers this call.
            self._quota.call(ctxt, 'reserve', resource='vnf')
        except conductor_errors.QuotaExceeded as error:
            # The text of a remote exception ends with its traceback.
            raise conductor_errors.QuotaExceeded(*error.args) from None
        vnf = {'id': str(uuid.uuid4()), 'name': name, 'state': 'ACTIVE'}
        self._vnfs[vnf['id']] = vnf
        self._notifier.info(ctxt, 'vnf.active', vnf)
        return vnf

    @oslo_messaging.expected_exceptions(conductor_errors.VnfNotFound)
    def get(self, ctxt, vnf_id):
        if vnf_id not in self._vnfs:
            raise conductor_errors.VnfNotFound(
                f'VNF {vnf_id} could not be found.')
        return self._vnfs[vnf_id]


def main():
    url = os.environ['TRANSPORT_URL']
    # The default of the API. Python's own is 'openstack'.
    oslo_messaging.set_transport_defaults('tacker')
    transport = oslo_messaging.get_rpc_transport(
        cfg.CONF, url, allowed_remote_exmods=['conductor_errors'])
    notifications = oslo_messaging.get_notification_transport(cfg.CONF, url)
    serializer = ContextSerializer()
    quota = oslo_messaging.get_rpc_client(
        transport, oslo_messaging.Target(topic='vnf_quota', version='1.0'),
        serializer=serializer, timeout=5)
    notifier = oslo_messaging.Notifier(
        notifications, publisher_id='conductor.host1', driver='messagingv2',
        topics=['vnf_events'], serializer=serializer)
    server = oslo_messaging.get_rpc_server(
        transport,
        oslo_messaging.Target(topic='vnf_conductor', server='host1'),
        [Conductor(quota, notifier)], executor='threading',
        serializer=serializer)

    # Before any thread starts. A handler might never run: the main thread
    # would have to wake up, and a thread that just starts can take its signal.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    server.start()
    print('consuming')
    signal.sigwait(ends)
    server.stop()
    server.wait()
    transport.cleanup()
    notifications.cleanup()


if __name__ == '__main__':
    main()
