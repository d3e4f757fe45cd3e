"""Serves the warehouse on the broker of its first argument until its input ends."""

import sys

import oslo_messaging as om
from oslo_config import cfg
from warehouse.manager import WarehouseManager

conf = cfg.ConfigOpts()
conf([], project='warehouse')
om.set_transport_defaults(control_exchange='tacker')
transport = om.get_rpc_transport(conf, sys.argv[1])
target = om.Target(topic='generated-warehouse', server=sys.argv[2])
server = om.get_rpc_server(transport, target, [WarehouseManager()], executor='threading')
server.start()
print('ready', flush=True)
sys.stdin.read()
server.stop()
server.wait()
transport.cleanup()
