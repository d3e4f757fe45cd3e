import { RequestContext, RpcArg, RpcContext, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';
import { QuotaExceeded } from './errors.js';

const LIMIT = 2;

/** Quotas of projects. The conductor calls it. */
@RpcEndpoint({ topic: 'vnf_quota', version: '1.0' })
export class Quota {
  private readonly used = new Map<string, number>();

  @RpcMethod({ expectedExceptions: [QuotaExceeded] })
  reserve(@RpcArg('resource') resource: string, @RpcContext() { projectId }: RequestContext): void {
    const key = `${projectId} ${resource}`;
    const used = this.used.get(key) ?? 0;
    if (used >= LIMIT) throw new QuotaExceeded(`Project ${projectId} has ${used} of ${LIMIT}: ${resource}.`);
    this.used.set(key, used + 1);
  }
}
