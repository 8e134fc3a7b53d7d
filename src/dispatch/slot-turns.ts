/**
 * What a slot is wanted for: a read that a person waits for, a wake that a person waits for, what the bridge does by
 * itself and jobs, the account itself. Each counts as those before it, too.
 */
export const claims = ['read', 'wake', 'background', 'account'] as const;
export type Claim = (typeof claims)[number];

/** What nobody waits for has its turn after so many of those that somebody does. */
const peopleInARow = 3;

type Line = 'people' | 'background';

const lineOf: Readonly<Record<Claim, Line>> = {
  read: 'people',
  wake: 'people',
  background: 'background',
  account: 'background',
};

interface Turn<T> {
  readonly who: T;
  readonly line: Line;
  readonly refused: Set<Claim>;
  /** Whether somebody of the other line waits for the same slot. */
  readonly isBefore: boolean;
  hasTaken: boolean;
}

/**
 * In which order those who were refused a slot are asked again. Each takes one slot and goes to the end of its line; who
 * is asked and can take none keeps its place.
 */
export class SlotTurns<T> {
  /** What each was refused, in the order in which they are asked. */
  readonly #lines = { people: new Map<T, Set<Claim>>(), background: new Map<T, Set<Claim>>() };
  /** Those who could take nothing since something became free. */
  readonly #asked = { people: new Set<T>(), background: new Set<T>() };
  #turn: Turn<T> | undefined;
  #peopleSince = 0;

  /** Whether this one may take a slot now; if not it waits for its turn. */
  admits(who: T, claim: Claim, fits: boolean): boolean {
    const turn = this.#turn;
    const line = lineOf[claim];
    const isInTurn = turn?.who === who && turn.line === line;
    if (fits && (turn === undefined || (isInTurn && !turn.hasTaken))) {
      if (turn !== undefined) turn.hasTaken = true;
      return true;
    }
    if (isInTurn) turn.refused.add(claim);
    else this.#wait(who, line, claim);
    return false;
  }

  /** Asks one after the other until nobody who waits can take what is free. */
  offer(fits: (claim: Claim) => boolean, ask: (who: T) => void): void {
    this.#asked.people.clear();
    this.#asked.background.clear();
    // Something became free while somebody is asked: that round goes on.
    if (this.#turn !== undefined) return;
    for (let turn = this.#next(fits); turn !== undefined; turn = this.#next(fits)) {
      this.#turn = turn;
      try {
        ask(turn.who);
      } finally {
        this.#turn = undefined;
        this.#settle(turn);
      }
    }
  }

  forget(who: T): void {
    this.#lines.people.delete(who);
    this.#lines.background.delete(who);
  }

  #wait(who: T, line: Line, claim: Claim): void {
    const refused = this.#lines[line].get(who) ?? new Set();
    this.#lines[line].set(who, refused.add(claim));
  }

  #next(fits: (claim: Claim) => boolean): Turn<T> | undefined {
    const people = this.#firstOf('people', fits);
    const background = this.#firstOf('background', fits);
    if (people === undefined || background === undefined) return people ?? background;
    return { ...(this.#peopleSince < peopleInARow ? people : background), isBefore: true };
  }

  #firstOf(line: Line, fits: (claim: Claim) => boolean): Turn<T> | undefined {
    for (const [who, wanted] of this.#lines[line]) {
      if (this.#asked[line].has(who) || ![...wanted].some(fits)) continue;
      return { who, line, refused: new Set(), isBefore: false, hasTaken: false };
    }
    return undefined;
  }

  #settle({ who, line, refused, isBefore, hasTaken }: Turn<T>): void {
    const waiting = this.#lines[line];
    if (hasTaken) {
      if (line === 'background') this.#peopleSince = 0;
      else if (isBefore) this.#peopleSince += 1;
      waiting.delete(who);
    } else this.#asked[line].add(who);
    if (refused.size > 0) waiting.set(who, refused);
    else waiting.delete(who);
  }
}
