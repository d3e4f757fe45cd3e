/** The broker has not answered for too long. */
export class Unanswered extends Error {}

/** Wait for an answer of the broker, which is given up from outside: only others can tell that the answer will not come. */
export class AnswerWait {
  private current: { readonly since: number; end(): void } | undefined;

  /** Settles as the answer does. @throws Unanswered after {@link giveUp} */
  async for(answer: Promise<unknown>): Promise<void> {
    let end = () => undefined as unknown;
    const unanswered = new Promise<never>((_, reject) => {
      end = () => reject(new Unanswered('there is no answer'));
    });
    const current = { since: performance.now(), end };
    this.current = current;
    try {
      await Promise.race([answer, unanswered]);
    } finally {
      // An abandoned wait may end during the next one.
      if (this.current === current) this.current = undefined;
    }
  }

  /** Gives up the wait in progress where it has lasted for that many milliseconds. */
  giveUp(after = 0): void {
    if (this.current && performance.now() - this.current.since >= after) this.current.end();
  }
}
