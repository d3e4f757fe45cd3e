import { Body, Controller, Get, Headers, Param, Post } from '@nestjs/common';
import { BackingOffClient, InjectRpcClient, RequestContext } from 'nestjs-oslo-messaging';

export interface Vnf {
  id: string;
  name: string;
  state: string;
}

type Fields = Readonly<Record<string, string | undefined>>;

@Controller('vnfs')
export class VnfController {
  constructor(@InjectRpcClient('vnf_conductor') private readonly conductor: BackingOffClient) {}

  @Post()
  create(@Headers() headers: Fields, @Body('name') name = 'vnf'): Promise<Vnf> {
    return this.conductor.call(contextOf(headers), 'instantiate', { name });
  }

  @Get(':id')
  show(@Headers() headers: Fields, @Param('id') id: string): Promise<Vnf> {
    return this.conductor.call(contextOf(headers), 'get', { vnf_id: id });
  }
}

/** Returns the context of an HTTP request. A real API takes user and project from a token that it has verified. */
function contextOf(headers: Fields): RequestContext {
  const requestId = headers['x-request-id'];
  return new RequestContext({
    userId: headers['x-user-id'] ?? 'nobody',
    projectId: headers['x-project-id'] ?? 'none',
    ...(requestId !== undefined && { requestId }),
  });
}
