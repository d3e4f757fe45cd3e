// As a compiled project looks: a root module, and a contract that it serves.
import { Module } from '@nestjs/common';
import { call, cast, defineRpcApi, OsloMessagingModule, RpcEndpoint } from 'nestjs-oslo-messaging';
import { number, object } from 'valibot';
import { z } from 'zod';

export const calculatorApi = defineRpcApi({
  topic: 'calculator',
  version: '1.0',
  methods: {
    add: call({ args: z.object({ a: z.number(), b: z.number() }), result: z.number() }),
    forget: cast({ args: object({ id: number() }), fanout: true }),
  },
});

class Calculator {
  add({ a, b }) {
    return a + b;
  }
  forget() {}
}
RpcEndpoint(calculatorApi)(Calculator);

/** Would connect to a database. */
class Database {
  constructor() {
    throw new Error('the application was started');
  }
}

export class AppModule {}
Module({
  imports: [OsloMessagingModule.forRoot({ transportUrl: 'rabbit://me:s3cret@mq.example/nfv' })],
  controllers: [Calculator],
  providers: [Database],
})(AppModule);
