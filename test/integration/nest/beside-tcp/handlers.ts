import 'reflect-metadata';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  DefaultValuePipe,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  ParseIntPipe,
  type PipeTransform,
  type RpcExceptionFilter,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  type BaseRpcContext,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  type RequestContext,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import { concat, EMPTY, from, map, type Observable, of, throwError } from 'rxjs';

// Handlers and enhancers that both transports serve. The trail is the order in which they ran.

/** Enhancers, handlers and events that have run since the test began. */
export const trail: string[] = [];
const passed = (what: string) => void trail.push(what);

/** Error of an application. */
export class Broken extends Error {}
class OwnRpcException extends RpcException {}

/** Context of either transport. */
type AnyContext = BaseRpcContext & { getPattern(): string };

/** Returns an enhancer of each kind that leaves its name in the trail. */
export function enhancers(place: string) {
  @Injectable()
  class Guard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      passed(`guard of ${place}`);
      const { banned } = context.switchToRpc().getData<{ banned?: string }>();
      if (banned === `thrown by ${place}`) throw new RpcException(banned);
      return banned !== place;
    }
  }

  @Injectable()
  class Interceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      passed(`interceptor of ${place}`);
      return next.handle().pipe(
        map((value) => {
          passed(`result for ${place}`);
          return value;
        }),
      );
    }
  }

  @Injectable()
  class Pipe implements PipeTransform {
    transform(value: unknown): unknown {
      passed(`pipe of ${place}`);
      return value;
    }
  }

  @Catch(Broken)
  class Filter implements RpcExceptionFilter {
    catch(error: Broken, host: ArgumentsHost): Observable<unknown> {
      passed(`filter of ${place}`);
      const { rescue } = host.switchToRpc().getData<{ rescue?: boolean }>();
      return rescue
        ? of(`rescued by ${place}`)
        : throwError(() => new RpcException(`${error.message} (${place})`).getError());
    }
  }

  return { guard: new Guard(), interceptor: new Interceptor(), pipe: new Pipe(), filter: new Filter() };
}

class Part {
  @IsInt()
  size!: number;
}

class Dto {
  @IsString()
  name!: string;

  @ValidateNested()
  @Type(() => Part)
  part!: Part;
}

@Controller()
export class Values {
  @MessagePattern('undecorated')
  undecorated(data: unknown): unknown {
    return data;
  }

  @MessagePattern('whole')
  whole(@Payload() data: unknown, @Ctx() context: AnyContext): unknown {
    return [data, context.getPattern()];
  }

  @MessagePattern('keyed')
  keyed(@Payload('a', ParseIntPipe) a: number, @Payload('b', new DefaultValuePipe(7)) b: number): unknown {
    return { a, b };
  }

  @MessagePattern('validated')
  @UsePipes(new ValidationPipe({ transform: true }))
  validated(@Payload() dto: Dto): unknown {
    return [dto instanceof Dto, dto.part instanceof Part, dto.name];
  }

  @MessagePattern(['one name', 'other name'], { owner: 'team' })
  twoNames(@Ctx() context: AnyContext): string {
    return context.getPattern();
  }

  @MessagePattern('for TCP', Transport.TCP)
  forTcp(): string {
    return 'over TCP';
  }

  @MessagePattern({ cmd: 'sum' })
  byObject(@Payload() { values }: { values: number[] }): number {
    return values.reduce((sum, value) => sum + value, 0);
  }

  @MessagePattern('context class')
  contextClass(@Ctx() context: AnyContext): unknown {
    return [context.constructor.name, context.getArgs().length > 0];
  }

  @MessagePattern('metadata')
  metadata(@Ctx() context: AnyContext & { getMetadata?(): unknown }): unknown {
    return context.getMetadata?.() ?? 'none';
  }

  @MessagePattern('promise')
  async promise(): Promise<string> {
    return 'promised';
  }

  @MessagePattern('observable')
  observable(): Observable<string> {
    return of('observed');
  }

  @MessagePattern('promise of an observable')
  async promisedObservable(): Promise<Observable<string>> {
    return of('observed later');
  }

  @MessagePattern('several values')
  several(): Observable<number> {
    return from([1, 2, 3]);
  }

  @MessagePattern('values, then an error')
  valuesThenError(): Observable<number> {
    return concat(
      of(1),
      throwError(() => new RpcException('no more')),
    );
  }

  @MessagePattern('no value')
  none(): Observable<never> {
    return EMPTY;
  }

  @MessagePattern('void')
  nothing(): void {}

  @MessagePattern('nothing at all')
  null(): null {
    return null;
  }

  @MessagePattern('values of JSON')
  json(): unknown {
    return { date: new Date(0), absent: undefined, list: [1, 'two', true, null], nested: { deep: [{}] } };
  }

  @MessagePattern('never')
  never(): Promise<never> {
    return new Promise(() => undefined);
  }
}

@Controller()
export class Failures {
  @MessagePattern('fail')
  fail(@Payload('how') how: string): unknown {
    switch (how) {
      case 'RpcException':
        throw new RpcException('by its text');
      case 'RpcException with an object':
        throw new RpcException({ code: 7, message: 'by its object' });
      case 'RpcException without a message':
        throw new RpcException({ code: 7 });
      case 'own RpcException':
        throw new OwnRpcException('of a class of its own');
      case 'HttpException':
        throw new NotFoundException('no such VNF');
      case 'text':
        throw 'just text';
      case 'rejection':
        return Promise.reject(new RpcException('rejected'));
      case 'observable':
        return throwError(() => new RpcException('observed'));
      default:
        throw new TypeError('a mistake');
    }
  }
}

const ofClass = enhancers('the class');
const ofMethod = enhancers('the method');

@Controller()
@UseGuards(ofClass.guard)
@UseInterceptors(ofClass.interceptor)
@UsePipes(ofClass.pipe)
@UseFilters(ofClass.filter)
export class Enhanced {
  @MessagePattern('enhanced')
  @UseGuards(ofMethod.guard)
  @UseInterceptors(ofMethod.interceptor)
  @UsePipes(ofMethod.pipe)
  run(@Payload() data: { fail?: boolean }): string {
    passed('handler');
    if (data.fail) throw new Broken('broken');
    return 'done';
  }

  @MessagePattern('filtered by the method')
  @UseFilters(ofMethod.filter)
  filtered(@Payload() _data: object): never {
    throw new Broken('broken');
  }
}

@Injectable({ scope: Scope.REQUEST })
export class PerRequest {
  static made = 0;
  readonly number = ++PerRequest.made;
  constructor(@Inject(REQUEST) readonly request: RequestContext<unknown, AnyContext>) {}
}

@Controller()
export class Scoped {
  constructor(private readonly own: PerRequest) {}

  @MessagePattern('scoped')
  scoped(@Payload() data: object): unknown {
    const { request, number } = this.own;
    return [number > 0, request.getPattern(), request.getData() === data, request.getContext().getPattern()];
  }
}

@Controller()
export class Events {
  @EventPattern<string>('happened')
  first(@Payload('id') id: number): void {
    passed(`first heard of ${id}`);
  }

  @EventPattern<string>('happened')
  second(@Payload('id') id: number, @Ctx() context: AnyContext): void {
    passed(`second heard of ${id} by ${context.getPattern()}`);
  }

  @EventPattern<string>('answered')
  answered(): string {
    passed('answered');
    return 'an answer';
  }

  @EventPattern<string>('failed')
  failed(): never {
    passed('failed');
    throw new Broken('unheard');
  }
}

export const controllers = [Values, Failures, Enhanced, Scoped, Events];
