import { newScope } from '../../../core/async-scope.js';

/** Time in milliseconds of one count. */
const WINDOW_MS = 1000;

/** Messages in one window after which a window without any is a surprise. */
const BUSY = 10;

/** Notices that a busy stream of messages ends at once. An idle process runs no timer. */
export class TrafficWatch {
  private messages = 0;
  private wasBusy = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onSilence: () => void) {}

  /** Notes a message. */
  received(): void {
    this.messages++;
    if (!this.timer) this.arm();
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private arm(): void {
    // It serves all messages, so that it keeps neither the async context of the first nor the process alive.
    this.timer = newScope().runInAsyncScope(() => setTimeout(() => this.look(), WINDOW_MS).unref());
  }

  private look(): void {
    const { messages } = this;
    this.messages = 0;
    this.timer = undefined;
    if (messages > 0) this.arm();
    else if (this.wasBusy) this.onSilence();
    this.wasBusy = messages >= BUSY;
  }
}
