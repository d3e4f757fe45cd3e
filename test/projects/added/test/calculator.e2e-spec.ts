import { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { OsloMessagingHealth, OsloServer } from 'nestjs-oslo-messaging';
import { AppModule } from './../src/app.module.js';
import { Calculator } from './../src/calculator.js';

describe('Calculator (e2e)', () => {
  let app: INestApplication;

  beforeEach(async () => {
    const moduleRef = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = moduleRef.createNestApplication();
    await app.init();
    app.connectMicroservice({ strategy: app.get(OsloServer) }, { inheritAppConfig: true });
    await app.startAllMicroservices();
  });

  afterEach(() => app.close());

  it('serves RPC beside HTTP', async () => {
    expect(await app.get(Calculator).add(2, 3)).toBe(5);
    expect(app.get(OsloMessagingHealth)).toBeDefined();
  });
});
