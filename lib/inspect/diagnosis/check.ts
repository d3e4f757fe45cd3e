import type { Finding } from './finding.js';
import type { Scene } from './scene.js';

/** One thing that a diagnosis looks at. */
export interface Check {
  /** Name, for remarks about the check itself. */
  readonly name: string;
  /** Source that it cannot do without. */
  readonly needs: 'broker' | 'management';
  /** True where its MessageDeliveryFailure means that the broker is unreachable. It then keeps the deadline itself. */
  readonly isVital?: boolean;
  /** Looks, and changes nothing that lasts. @throws Error where its source does not answer */
  run(scene: Scene): Promise<readonly Finding[]>;
}
