/** As many pairs as there can be, of left and right ones that fit; no one is in two pairs. Answers the lefts without one. */
export function unmatched<Left, Right>(
  lefts: readonly Left[],
  rights: readonly Right[],
  fits: (left: Left, right: Right) => boolean,
): Left[] {
  const choices = new Map(lefts.map((left) => [left, rights.filter((one) => fits(left, one))]));
  const partners = new Map<Right, Left>();
  const place = (left: Left, tried: Set<Right>): boolean => {
    for (const right of choices.get(left) ?? []) {
      if (tried.has(right)) continue;
      tried.add(right);
      const holder = partners.get(right);
      // Who holds it may have another choice.
      if (holder !== undefined && !place(holder, tried)) continue;
      partners.set(right, left);
      return true;
    }
    return false;
  };
  return lefts.filter((left) => !place(left, new Set()));
}
