import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type BackingOffClient,
  getRpcClientToken,
  OsloMessagingModule,
  OsloServer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { OsloExplorerModule } from 'nestjs-oslo-messaging/explorer';
import { expect, it } from 'vitest';
import { describeWithChromium } from '../../support/environment.js';
import { openPage, startBrowser } from '../../support/explorer/browser.js';

@RpcEndpoint({ topic: 'calculator', version: '1.1' })
class Calculator {
  @RpcMethod()
  add(@RpcArg('a') a: number, @RpcArg('b') b: number): number {
    return a + b;
  }

  @RpcMethod()
  divide(): never {
    throw new RangeError('by <b>zero</b>');
  }
}

const target = new Target({ topic: 'calculator', version: '1.1' });

@Module({
  imports: [
    OsloMessagingModule.forRoot({ transportUrl: 'memory://', topic: 'calculator' }),
    OsloMessagingModule.forFeature([{ target }]),
    OsloExplorerModule.register({ readOnly: false, title: 'Calculator' }),
  ],
  controllers: [Calculator],
})
class AppModule {}

describeWithChromium('Page of an application', () => {
  it('shows the methods and messages of the application, and calls it', async () => {
    const browser = await startBrowser();
    const app = await NestFactory.create(AppModule, { logger: false });
    try {
      app.connectMicroservice({ strategy: app.get(OsloServer) });
      await app.startAllMicroservices();
      await app.listen(0, '127.0.0.1');
      const client = app.get<BackingOffClient>(getRpcClientToken('calculator'));
      // Without the slash at its end, as a person types it.
      const { page, complaints } = await openPage(browser, `${await app.getUrl()}/rpc`);
      await page.getByText('live', { exact: true }).waitFor();
      await page.getByRole('link', { name: 'Calculator: overview' }).waitFor();

      await page.locator('nav a', { hasText: 'Live' }).click();
      await expect(client.call({}, 'divide')).rejects.toThrow();
      await expect(client.call({}, 'multiply')).rejects.toThrow();
      await page.locator('.row', { hasText: 'divide' }).filter({ hasText: 'by <b>zero</b>' }).first().waitFor();
      await page.locator('nav a', { hasText: 'Unknown methods' }).click();
      await page.getByRole('row', { name: /multiply.*NoSuchMethod/ }).waitFor();

      await page.locator('nav a', { hasText: 'Topics' }).click();
      await page.getByRole('link', { name: 'Call add' }).click();
      await page.getByLabel('a number').fill('40');
      await page.getByLabel('b number').fill('2');
      await page.getByRole('button', { name: 'Call add' }).click();
      await page.getByRole('status').getByText('call add').waitFor();
      expect(await page.getByRole('region', { name: 'Result' }).textContent()).toBe('42');

      await page.locator('nav a', { hasText: 'Charts' }).click();
      await page.locator('.chart canvas').first().waitFor();
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      await app.close();
    }
  });
});
