import type { Channel } from 'amqplib';
import { toError } from '../../../core/errors.js';
import { closeReasonOf } from '../connection/close-reason.js';
import { NodeCutOff } from '../connection/node-doubt.js';
import { isAbsent, replyCodeOf } from '../connection/reply-code.js';
import { DeclareAgain, DeclareRefused } from '../topology/declarer.js';
import { AnswerWait, Unanswered } from './unanswered.js';

/** AMQP reply codes. */
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;

/** A temporary queue cannot be reached. It has another name now, under which it is to be declared. */
export class QueueReplaced extends DeclareAgain {}

/** Name of a temporary queue. Other programs use it as they are told, so that it can change. */
export class TemporaryName {
  /** Channel on which the queue was declared last. */
  private last: Channel | undefined;
  private readonly answer = new AnswerWait();

  /** @param rename returns another name */
  constructor(
    public current: string,
    private readonly rename: () => string,
  ) {}

  /** Takes another name where the last node was cut off: the consumer there would go on to get every second message. */
  prepare(channel: Channel): void {
    if (this.last && closeReasonOf(this.last) instanceof NodeCutOff) this.current = this.rename();
    this.last = channel;
  }

  /** Waits for a declaration under the current name. @throws QueueReplaced, or the error of the declaration */
  async declare(declaration: Promise<void>): Promise<void> {
    const { current } = this;
    try {
      await this.answer.for(declaration);
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
      this.current = this.rename();
      throw new QueueReplaced(
        `The queue "${current}" cannot be reached (${reasonOf(error)}): "${this.current}" takes its place, and what was sent to the other is lost`,
        error,
      );
    }
  }

  /** Gives up the declaration in progress: its node answers, so that the queue is on another that does not. */
  giveUp(): void {
    this.answer.giveUp();
  }
}

function reasonOf(error: unknown): string {
  // A refusal also tells how to get at the queue, which is not wanted here.
  const { message } = toError(error instanceof DeclareRefused ? error.cause : error);
  return /with message "([^"]*)/.exec(message)?.[1] ?? message;
}

/** Returns true where a queue is on a node that is down or cut off, or belongs to a connection that the broker has not given up. */
function isOutOfReach(error: unknown): boolean {
  if (error instanceof Unanswered) return true;
  const code = replyCodeOf(error instanceof DeclareRefused ? error.cause : error);
  return code === RESOURCE_LOCKED || (code === NOT_FOUND && !isAbsent(error));
}
