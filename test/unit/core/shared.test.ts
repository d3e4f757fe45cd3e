import { describe, expect, it } from 'vitest';
import { sharedClass } from '../../../lib/core/shared.js';

describe('a shared class', () => {
  it('keeps its name where a bundler has renamed it, and so do its errors on the wire', () => {
    @sharedClass('LostTrack', {})
    class e extends Error {
      constructor() {
        super();
        this.name = new.target.name;
      }
    }
    expect(e.name).toBe('LostTrack');
    expect(new e().name).toBe('LostTrack');
    expect(new (class Derived extends e {})().name).toBe('Derived');
  });
});
