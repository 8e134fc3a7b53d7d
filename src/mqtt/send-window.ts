type Send = () => Promise<void>;

interface Waiting {
  readonly send: Send;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Keeps the number of unacknowledged publishes within what the broker takes at once: one that gets more
 * disconnects [MQTT-3.3.4-9]. mqtt.js does not count.
 */
export class SendWindow {
  readonly #most: number;
  readonly #waiting: Waiting[] = [];
  readonly #inFlight = new Set<(error: Error) => void>();
  #closed: Error | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Sends in the order of the calls. Settles with what was sent, or rejects when the window is closed. */
  send(send: Send): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed);
        return;
      }
      this.#waiting.push({ send, resolve, reject });
      this.#sendNext();
    });
  }

  /** The connection is gone: nothing is acknowledged or sent any more. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const reject of this.#inFlight) reject(reason);
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    this.#inFlight.clear();
  }

  #sendNext(): void {
    if (this.#inFlight.size >= this.#most) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { send, resolve, reject } = next;
    this.#inFlight.add(reject);
    send()
      .then(resolve, reject)
      .finally(() => {
        this.#inFlight.delete(reject);
        this.#sendNext();
      });
  }
}
