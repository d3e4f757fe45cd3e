import { RemoteException, RequestContext, RpcArg, RpcContext, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';

@RemoteException({ module: 'calculator.exceptions' })
export class DivisionByZero extends Error {}

@RpcEndpoint({ version: '1.0' })
export class CalculatorEndpoint {
  @RpcMethod()
  add(@RpcArg('a') a: number, @RpcArg('b') b: number): number {
    return a + b;
  }

  @RpcMethod()
  divide(@RpcArg('a') a: number, @RpcArg('b') b: number): number {
    if (b === 0) throw new DivisionByZero(`${a} divided by 0`);
    return a / b;
  }

  @RpcMethod('user')
  userOf(@RpcContext() context: RequestContext): string | undefined {
    return context.userId;
  }
}
