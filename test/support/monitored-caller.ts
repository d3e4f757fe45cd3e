import { getRpcClient, getRpcTransport, Target } from 'nestjs-oslo-messaging';

// A process of its own that waits for a reply and asks for heartbeats meanwhile. It is there to be killed.
// node --import typescript.mjs monitored-caller.ts URL TOPIC SECONDS
const [transportUrl = '', topic = '', seconds = ''] = process.argv.slice(2);
const transport = getRpcTransport({ transportUrl, rpcResponseTimeout: 60 });
const client = getRpcClient(transport, new Target({ topic }), { callMonitorTimeout: Number(seconds) });
await client.call({}, 'work');
