import { getNotificationListener, getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';

// A process of its own, because its heap is small: node --max-old-space-size=N --import typescript.mjs bombed-server.ts URL TOPIC
const [url = '', topic = ''] = process.argv.slice(2);
const transport = getRpcTransport({
  transportUrl: url,
  limits: { bodyBytes: 4 * 2 ** 20, values: 100_000, bytesInWork: 32 * 2 ** 20 },
  logger: { debug: () => undefined, log: () => undefined, warn: console.log, error: console.log },
});
let most = 0;
let inWork = 0;

/** Keeps what it got for as long as a short query takes. */
async function hold(): Promise<number> {
  inWork++;
  most = Math.max(most, inWork);
  await new Promise((resolve) => setTimeout(resolve, 20));
  inWork--;
  return 1;
}

await getRpcServer(transport, new Target({ topic, server: 'h' }), [
  {
    hold,
    mostInWork: () => most,
  },
]).start();
const endpoint = {
  info: async (batch: readonly unknown[]) => {
    await hold();
    console.log(`notified of ${batch.length}`);
  },
};
await getNotificationListener(transport, [new Target({ topic: `${topic}-events` })], [endpoint], {
  batchSize: 1000,
}).start();
console.log('serving');
process.once('SIGTERM', () => void transport.cleanup().then(() => process.exit(0)));
