import { oneLine, SecretValues, toError } from '../../internal.js';
import { excerptOfBody } from '../body-excerpt.js';
import { excerptOfText } from './excerpt.js';
import type { Observed } from './observed.js';
import type { TappedUndecodable } from './tap-event.js';

/** Maximum number of kinds of damage that are reported: a sender chooses them. */
const MAX_REASONS = 100;
const MAX_REASON = 200;

const NO_SECRETS = new SecretValues({});

/** Reports of bodies that cannot be decoded: one for each reason. */
export class DamageReport {
  private readonly reasons = new Set<string>();

  /** @param length maximum length of excerpts, in characters */
  constructor(private readonly length: number) {}

  /** Returns the event; undefined where the same was reported before. */
  report(kind: 'request' | 'reply', observed: Observed, error: unknown): TappedUndecodable | undefined {
    const reason = excerptOfText(toError(error).message, NO_SECRETS, MAX_REASON);
    if (this.reasons.has(kind + reason) || this.reasons.size >= MAX_REASONS) return undefined;
    this.reasons.add(kind + reason);
    const { exchange, routingKey, body } = observed;
    return {
      type: 'undecodable',
      at: Date.now(),
      kind,
      exchange,
      routingKey: oneLine(routingKey),
      reason,
      excerpt: excerptOfBody(body, this.length),
      bytes: body.length,
    };
  }
}
