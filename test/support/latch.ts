/** Promise that is resolved by hand. */
export interface Latch {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** Makes a latch. */
export function latch(): Latch {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
