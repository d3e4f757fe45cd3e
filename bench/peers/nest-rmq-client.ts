import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { ClientRMQ } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { BenchClient, Place } from '../peer.js';
import { nestRmqOptions } from './nest-rmq-options.js';

export async function startNestRmqClient(place: Place): Promise<BenchClient> {
  Logger.overrideLogger(['warn', 'error']);
  const client = new ClientRMQ(nestRmqOptions(place));
  await client.connect();
  return {
    call: (args) => firstValueFrom(client.send<unknown>('echo', args)),
    close: () => client.close(),
  };
}
