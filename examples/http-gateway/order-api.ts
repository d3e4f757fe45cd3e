import { call, defineRpcApi } from 'nestjs-oslo-messaging';

/** Order in its form on the wire. */
export interface Order {
  id: number;
  item: string;
  quantity: number;
}

/** RPC API of the service. The gateway and the service share it. */
export const orderApi = defineRpcApi({
  topic: 'order_service',
  version: '1.0',
  methods: {
    place: call<{ item: string; quantity: number }, Order>(),
    get: call<{ id: number }, Order>(),
    invoice: call<{ id: number }, string>(),
  },
});
