/**
 * Sends acknowledgements in the order in which the packets came, each as soon as it and all before it are ready.
 * One for each connection: what came by a connection that is gone is not acknowledged on another.
 */
export class Acknowledgements {
  readonly #send: (packetId: number) => void;
  readonly #queue: { readonly packetId: number; ready: boolean }[] = [];

  constructor(send: (packetId: number) => void) {
    this.#send = send;
  }

  /** Takes the packet's place in the row; the function says that it may be acknowledged. */
  expect(packetId: number): () => void {
    const place = { packetId, ready: false };
    this.#queue.push(place);
    return () => {
      place.ready = true;
      this.#sendReady();
    };
  }

  #sendReady(): void {
    for (let first = this.#queue[0]; first?.ready === true; first = this.#queue[0]) {
      this.#queue.shift();
      this.#send(first.packetId);
    }
  }
}
