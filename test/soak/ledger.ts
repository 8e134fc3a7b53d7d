import { isEnding, lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';

interface Life {
  readonly accepted: string;
  ending?: { readonly payload: string; readonly seq: number };
}

/** So many of the newest commands are remembered beyond their ending: the ledger itself must not grow for days. */
const mostRemembered = 20_000;

/** Holds every event against the promise that each accepted command ends once. */
export class Ledger {
  readonly violations: string[] = [];
  readonly #lives = new Map<string, Life>();
  readonly #open = new Set<string>();
  readonly #endings = new Map<string, number>();
  #accepted = 0;
  #refused = 0;
  #replayed = 0;

  get accepted(): number {
    return this.#accepted;
  }

  /** Answers without a life: what was refused at once, and repeated last events of known ids. */
  get answered(): number {
    return this.#accepted + this.#refused + this.#replayed;
  }

  get replayed(): number {
    return this.#replayed;
  }

  get open(): readonly string[] {
    return [...this.#open];
  }

  /** Endings by status and code, and what was refused. */
  get endings(): ReadonlyMap<string, number> {
    return this.#endings;
  }

  /** One message on a result topic. */
  hear(payload: string): void {
    const event = lifeCycleEventSchema.parse(JSON.parse(payload));
    const { id, seq, status, code = '' } = event;
    if (event.replayed === true) this.#replayed += 1;
    else if (seq === 0) {
      this.#refused += 1;
      this.#tally(`refused ${code === '' ? status : code}`);
    } else if (status === 'accepted') this.#begin(id, payload);
    else if (isEnding(event)) this.#end(id, { payload, seq }, `${status} ${code}`.trim());
    else this.#goOn(id, seq, payload);
  }

  #begin(id: string, accepted: string): void {
    const known = this.#lives.get(id);
    // At least once, byte for byte.
    if (known?.accepted === accepted) return;
    if (this.#open.has(id)) this.violations.push(`accepted twice: ${accepted}`);
    this.#lives.delete(id);
    this.#lives.set(id, { accepted });
    this.#open.add(id);
    this.#accepted += 1;
    this.#forgetOldest();
  }

  #end(id: string, ending: Required<Life>['ending'], how: string): void {
    const life = this.#lives.get(id);
    if (life === undefined) this.violations.push(`ended, never accepted: ${ending.payload}`);
    else if (life.ending === undefined) {
      life.ending = ending;
      this.#open.delete(id);
      this.#tally(how);
    } else if (life.ending.payload !== ending.payload) {
      this.violations.push(`two endings: ${life.ending.payload} and ${ending.payload}`);
    }
  }

  #goOn(id: string, seq: number, payload: string): void {
    const last = this.#lives.get(id)?.ending;
    if (last !== undefined && seq > last.seq) {
      this.violations.push(`an event behind the ending: ${payload}`);
    }
  }

  #tally(how: string): void {
    this.#endings.set(how, (this.#endings.get(how) ?? 0) + 1);
  }

  #forgetOldest(): void {
    for (const id of this.#lives.keys()) {
      if (this.#lives.size <= mostRemembered) return;
      if (this.#open.has(id)) return;
      this.#lives.delete(id);
    }
  }
}
