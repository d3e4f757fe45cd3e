import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() args: unknown): unknown {
    return args;
  }
}

/** What Nest's own transports serve. */
@Module({ controllers: [EchoController] })
export class EchoModule {}
