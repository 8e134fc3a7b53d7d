export interface Balance {
  readonly self: string;
  /** Those that want their share: alive and not leaving, this one included. */
  readonly instances: readonly string[];
  /** What is to be owned by somebody. */
  readonly items: readonly string[];
  /** The owner of each item that has one. Without one an item can be claimed. */
  readonly owners: ReadonlyMap<string, string>;
}

export interface BalanceDecision {
  /** What nobody owns, in the order of the items. */
  readonly free: readonly string[];
  /** How many of these are this instance's to claim. */
  readonly claims: number;
  /** How many of its own are others' to have. */
  readonly releases: number;
}

/**
 * What one instance has to do for all to own the same number of items, give or take one. Each decides for itself:
 * those that see the same come to shares that add up.
 */
export function decide(balance: Balance): BalanceDecision {
  const { self, instances, items, owners } = balance;
  const counts = new Map(instances.map((name) => [name, 0]));
  const free: string[] = [];
  for (const item of items) {
    const owner = owners.get(item);
    if (owner === undefined) free.push(item);
    else if (counts.has(owner)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  const shares = sharesOf(counts, items.length);
  const own = counts.get(self) ?? 0;
  const share = shares.get(self) ?? 0;
  return {
    free,
    claims: Math.min(free.length, Math.max(0, share - own)),
    releases: Math.min(Math.max(0, own - share), roomElsewhere(counts, shares, self, free.length)),
  };
}

/** The larger shares go to those that own most, so that as little as possible moves. */
function sharesOf(counts: ReadonlyMap<string, number>, items: number): Map<string, number> {
  const least = Math.floor(items / counts.size);
  const larger = items % counts.size;
  const ranked = [...counts].sort(
    ([oneName, one], [otherName, other]) => other - one || (oneName < otherName ? -1 : 1),
  );
  return new Map(ranked.map(([name], rank) => [name, rank < larger ? least + 1 : least]));
}

/** What the others lack beyond what they can claim without anybody's help. */
function roomElsewhere(
  counts: ReadonlyMap<string, number>,
  shares: ReadonlyMap<string, number>,
  self: string,
  free: number,
): number {
  let room = -free;
  for (const [name, share] of shares) {
    if (name !== self) room += Math.max(0, share - (counts.get(name) ?? 0));
  }
  return Math.max(0, room);
}
