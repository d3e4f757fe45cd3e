import { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { NoSuchMethod, OsloServer, RemoteError } from 'nestjs-oslo-messaging';
import { AppModule } from './app.module.js';
import { DivisionByZero } from './calculator.endpoint.js';
import { Calculator } from './calculator.js';

describe('Calculator', () => {
  let app: INestMicroservice;
  let calculator: Calculator;

  beforeAll(async () => {
    const moduleRef = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = moduleRef.createNestMicroservice({ strategy: moduleRef.get(OsloServer) });
    await app.listen();
    calculator = app.get(Calculator);
  });

  afterAll(() => app.close());

  it('adds', async () => {
    expect(await calculator.add(2, 3)).toBe(5);
  });

  it('rejects with the exception of the handler', async () => {
    await expect(calculator.divide(1, 0)).rejects.toBeInstanceOf(DivisionByZero);
    await expect(calculator.divide(1, 0)).rejects.toThrow('1 divided by 0');
  });

  it('passes the request context', async () => {
    expect(await calculator.user('alice')).toBe('alice');
  });

  it('exports its errors', () => {
    expect(new NoSuchMethod('subtract')).toBeInstanceOf(Error);
    expect(typeof RemoteError).toBe('function');
  });
});
