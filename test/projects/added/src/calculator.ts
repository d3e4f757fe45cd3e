import { Injectable } from '@nestjs/common';
import { BackingOffClient, InjectRpcClient, RequestContext } from 'nestjs-oslo-messaging';

@Injectable()
export class Calculator {
  constructor(@InjectRpcClient('calculator') private readonly rpc: BackingOffClient) {}

  add(a: number, b: number): Promise<number> {
    return this.rpc.call<number>({}, 'add', { a, b });
  }

  divide(a: number, b: number): Promise<number> {
    return this.rpc.call<number>({}, 'divide', { a, b });
  }

  user(userId: string): Promise<string> {
    return this.rpc.call<string>(new RequestContext({ userId }), 'user');
  }
}
