import { randomUUID } from 'node:crypto';
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  Delete,
  Get,
  HttpCode,
  Module,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  ServiceUnavailableException,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter } from '@nestjs/core';
import { BackingOffClient, InjectRpcClient, MessagingException, OsloMessagingModule } from 'nestjs-oslo-messaging';
import { EventController, EventListener, EventLog } from './event-log.js';
import { options, requestContext } from './settings.js';
import { Tour } from './tour.js';
import { AGENTS, CONDUCTOR, CONDUCTOR_TOPIC, type Vnf, VnfNotFound } from './vnf.js';

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

/** Turns errors of the conductor and of messaging into HTTP errors. */
@Catch(VnfNotFound, MessagingException)
export class MessagingExceptionFilter extends BaseExceptionFilter {
  override catch(error: Error, host: ArgumentsHost): void {
    const answer = error instanceof VnfNotFound ? NotFoundException : ServiceUnavailableException;
    super.catch(new answer(error.message), host);
  }
}

@Module({
  imports: [
    OsloMessagingModule.forRoot(options({ host: 'api' })),
    OsloMessagingModule.forFeature([{ target: CONDUCTOR, versionCap: '1.0' }, { target: AGENTS }]),
  ],
  controllers: [VnfController, EventController, EventListener],
  providers: [EventLog, Tour, { provide: APP_FILTER, useClass: MessagingExceptionFilter }],
})
export class ApiModule {}
