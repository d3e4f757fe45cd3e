import { randomUUID } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Module, Param, ParseIntPipe, Post } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { InjectRpcApi, OsloMessagingModule, RemoteExceptionFilter } from 'nestjs-oslo-messaging';
import { OsloExplorerModule } from 'nestjs-oslo-messaging/explorer';
import { agentApi } from './agent-api.js';
import { type CappedConductor, conductorApi } from './conductor-api.js';
import { EventController, EventListener, EventLog } from './event-log.js';
import { explorerOptions, options, requestContext } from './settings.js';
import { Tour } from './tour.js';
import { Traffic } from './traffic.js';
import type { Vnf } from './vnf.js';

/** HTTP API of the orchestrator. Quick requests are calls to the conductor. Long ones are casts, and answered with 202. */
@Controller('vnfs')
export class VnfController {
  constructor(@InjectRpcApi(conductorApi) private readonly conductor: CappedConductor) {}

  @Post()
  @HttpCode(202)
  async create(@Body('name') name = 'vnf'): Promise<{ id: string }> {
    const id = randomUUID();
    await this.conductor.instantiate({ vnf_id: id, name }, { context: requestContext() });
    return { id };
  }

  @Get(':id')
  get(@Param('id') id: string): Promise<Vnf> {
    return this.conductor.get({ vnf_id: id }, { context: requestContext() });
  }

  @Post(':id/heal')
  @HttpCode(202)
  async heal(@Param('id') id: string): Promise<void> {
    await this.get(id); // a cast reports no error
    await this.conductor.heal({ vnf_id: id }, { context: requestContext() });
  }

  @Post(':id/scale')
  @HttpCode(202)
  async scale(@Param('id') id: string, @Body('instances', ParseIntPipe) instances: number): Promise<void> {
    await this.get(id);
    await this.conductor.scale({ vnf_id: id, instances }, { context: requestContext() });
  }

  @Delete(':id')
  @HttpCode(202)
  async terminate(@Param('id') id: string): Promise<void> {
    await this.get(id);
    await this.conductor.terminate({ vnf_id: id }, { context: requestContext() });
  }
}

/** Answers HTTP requests whose calls failed. */
const FILTER = { provide: APP_FILTER, useFactory: () => new RemoteExceptionFilter({ VnfNotFound: 404 }) };

@Module({
  imports: [
    OsloMessagingModule.forRoot(options({ host: 'api' })),
    OsloMessagingModule.forFeature([{ api: conductorApi, versionCap: '1.0' }, { api: agentApi }]),
    OsloExplorerModule.register(explorerOptions()),
  ],
  controllers: [VnfController, EventController, EventListener],
  providers: [EventLog, Tour, Traffic, FILTER],
})
export class ApiModule {}
