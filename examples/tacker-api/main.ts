import {
  type Connection,
  cleanup,
  createConnection,
  getClient,
  init,
  RequestContext,
  Target,
} from 'nestjs-oslo-messaging';

class Conductor {
  readonly target = new Target({ version: '1.0' });

  add(context: RequestContext, { a, b }: { a: number; b: number }): number {
    console.log(`${context.userId} adds ${a} and ${b}`);
    return a + b;
  }
}

async function main(): Promise<void> {
  init({ host: 'conductor1' });
  const connection = createConnection() as Connection;
  connection.createConsumer('conductor', [new Conductor()]);
  await connection.consumeInThreads();

  const client = getClient(new Target({ topic: 'conductor', version: '1.0' }));
  console.log(await client.call(new RequestContext({ userId: 'alice' }), 'add', { a: 2, b: 3 }));

  await connection.close();
  await cleanup();
}

void main();
