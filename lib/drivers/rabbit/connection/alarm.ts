/** An alarm of the broker's, for memory or disk: it reads nothing from connections that publish. */
export class Alarm {
  /**
   * @param reason in the broker's words
   * @param since point on the monotonic clock
   */
  constructor(
    readonly reason: string,
    readonly since = performance.now(),
  ) {}

  /** Returns the alarm for another reason, from the same moment on. */
  because(reason: string): Alarm {
    return new Alarm(reason, this.since);
  }

  /** Returns the error for an operation. @param began point on the monotonic clock */
  errorFor(began: number): Error {
    const blocked = `the broker blocks publishing (${this.reason})`;
    return new Error(
      began >= this.since
        ? `${blocked}, so nothing was sent`
        : `${blocked}; what was sent before may still be delivered`,
    );
  }
}
