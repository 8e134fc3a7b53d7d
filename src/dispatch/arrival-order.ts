/** Lets what came for a car pass in the order in which it came, however long it takes to look at each. */
export class ArrivalOrder {
  /** The newest one of each car that has not passed. */
  readonly #newest = new Map<string, Promise<void>>();

  /** To be called when it comes. Whoever came before has passed when `turn` resolves. */
  enter(vehicle: string): { readonly turn: Promise<void> | undefined; readonly pass: () => void } {
    const turn = this.#newest.get(vehicle);
    let passed: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => {
      passed = resolve;
    });
    this.#newest.set(vehicle, mine);
    return {
      turn,
      pass: () => {
        passed();
        if (this.#newest.get(vehicle) === mine) this.#newest.delete(vehicle);
      },
    };
  }
}
