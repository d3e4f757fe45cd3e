/** Memory or disk alarm of the broker. While it lasts, the broker reads nothing from connections that publish. */
export class Alarm {
  /**
   * @param reason in the broker's words
   * @param since start of the alarm, on the monotonic clock
   */
  constructor(
    readonly reason: string,
    readonly since: number,
  ) {}

  /** Returns the alarm with another reason and the same start. */
  because(reason: string): Alarm {
    return new Alarm(reason, this.since);
  }

  /** Returns the error for an operation that the alarm holds up. @param began start of the operation, on the monotonic clock */
  errorFor(began: number): Error {
    const blocked = `the broker blocks publishing (${this.reason})`;
    return new Error(
      began >= this.since
        ? `${blocked}, so nothing was sent`
        : `${blocked}; what was sent before may still be delivered`,
    );
  }
}
