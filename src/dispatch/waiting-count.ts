/** How many commands wait, per car and in all; one for the whole bridge. */
export class WaitingCount {
  readonly #most: number;
  readonly #perVehicle = new Map<string, number>();
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get total(): number {
    return this.#total;
  }

  get isFull(): boolean {
    return this.#total >= this.#most;
  }

  of(vehicle: string): number {
    return this.#perVehicle.get(vehicle) ?? 0;
  }

  add(vehicle: string): void {
    this.#total += 1;
    this.#perVehicle.set(vehicle, this.of(vehicle) + 1);
  }

  remove(vehicle: string): void {
    const left = this.of(vehicle) - 1;
    this.#total -= 1;
    if (left > 0) this.#perVehicle.set(vehicle, left);
    else this.#perVehicle.delete(vehicle);
  }
}
