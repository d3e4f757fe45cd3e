/// <reference path="./global-setup.ts" />
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, inject, it } from 'vitest';
import { amqpUrl } from '../../testkit/amqp.js';
import { RabbitControl } from '../../testkit/rabbit-control.js';
import { newestRoot } from '../../testkit/release.js';

/** The broker that all test files share; empty when there is none. */
export const rabbitUrl = inject('rabbitUrl');

export const rabbitPort = rabbitUrl === '' ? 0 : Number(new URL(amqpUrl(rabbitUrl)).port || 5672);

/** Management API of the shared broker; empty when the broker was given from outside. */
export const managementUrl = inject('managementUrl');

const address = inject('rabbitAddress');

/** rabbitmqctl of the shared broker; undefined when the broker was given from outside. */
export const rabbitControl = address ? new RabbitControl(address) : undefined;

export const describeWithRabbit = rabbitUrl ? describe : describe.skip;

/** For tests that look into the shared broker by rabbitmqctl. */
export const describeWithRabbitControl = rabbitControl ? describe : describe.skip;

export const describeWithPython = rabbitUrl && inject('pythonPresent') ? describe : describe.skip;

/** For tests of programs that use RabbitMQ and PostgreSQL. */
export const describeWithPostgres = rabbitUrl && inject('postgresPresent') ? describe : describe.skip;

/** For tests of pages in a browser. */
export const describeWithChromium = inject('chromiumPresent') ? describe : describe.skip;

/** For tests of files for Prometheus. */
export const itWithPrometheus = inject('prometheusPresent') ? it : it.skip;

/** For tests that ask the Python library without a broker: also under `TEST_RABBIT_URL=none`, where it is installed. */
export const describeWithPythonLibrary =
  inject('pythonPresent') || existsSync(`${newestRoot ?? ''}/usr/lib/python3/dist-packages/oslo_messaging`)
    ? describe
    : describe.skip;

/** Test files share a broker, so each test talks about topics of its own. */
export function uniqueTopic(prefix = 'topic'): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
