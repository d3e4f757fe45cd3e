import { randomUUID } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Module, Param, ParseIntPipe, Post } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { BackingOffClient, InjectRpcClient, OsloMessagingModule, RemoteExceptionFilter } from 'nestjs-oslo-messaging';
import { EventController, EventListener, EventLog } from './event-log.js';
import { options, requestContext } from './settings.js';
import { Tour } from './tour.js';
import { AGENTS, CONDUCTOR, CONDUCTOR_TOPIC, type Vnf } from './vnf.js';

/** HTTP API of the orchestrator. Quick requests are calls to the conductor. Long ones are casts, and answered with 202. */
@Controller('vnfs')
export class VnfController {
  constructor(@InjectRpcClient(CONDUCTOR_TOPIC) private readonly conductor: BackingOffClient) {}

  @Post()
  @HttpCode(202)
  async create(@Body('name') name = 'vnf'): Promise<{ id: string }> {
    const id = randomUUID();
    await this.conductor.cast(requestContext(), 'instantiate', { vnf_id: id, name });
    return { id };
  }

  @Get(':id')
  get(@Param('id') id: string): Promise<Vnf> {
    return this.conductor.call<Vnf>(requestContext(), 'get', { vnf_id: id });
  }

  @Post(':id/heal')
  @HttpCode(202)
  heal(@Param('id') id: string): Promise<void> {
    return this.castFor('heal', id);
  }

  @Post(':id/scale')
  @HttpCode(202)
  scale(@Param('id') id: string, @Body('instances', ParseIntPipe) instances: number): Promise<void> {
    return this.castFor('scale', id, { instances });
  }

  @Delete(':id')
  @HttpCode(202)
  terminate(@Param('id') id: string): Promise<void> {
    return this.castFor('terminate', id);
  }

  /** A cast reports no error, so the VNF is looked up first. */
  private async castFor(method: string, id: string, args: Record<string, unknown> = {}): Promise<void> {
    await this.get(id);
    await this.conductor.cast(requestContext(), method, { vnf_id: id, ...args });
  }
}

/** Answers HTTP requests whose calls failed. */
const FILTER = { provide: APP_FILTER, useFactory: () => new RemoteExceptionFilter({ VnfNotFound: 404 }) };

@Module({
  imports: [
    OsloMessagingModule.forRoot(options({ host: 'api' })),
    OsloMessagingModule.forFeature([{ target: CONDUCTOR, versionCap: '1.0' }, { target: AGENTS }]),
  ],
  controllers: [VnfController, EventController, EventListener],
  providers: [EventLog, Tour, FILTER],
})
export class ApiModule {}
