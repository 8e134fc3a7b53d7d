export interface Keyed {
  readonly key: string;
}

/** Reads some from behind this key on, newest first, and says where it goes on. */
export type NewestFirst<T extends Keyed> = (before: string | undefined) => Promise<{
  readonly found: readonly T[];
  readonly next: string | undefined;
}>;

/** Goes through several lists at once, newest first over all of them, and reads no more than is asked for. */
export async function* newestOf<T extends Keyed>(
  lists: readonly NewestFirst<T>[],
  before: string | undefined,
): AsyncGenerator<T, void, undefined> {
  const readers = await Promise.all(
    lists.map(async (list) => {
      const items = itemsOf(list, before);
      return { items, head: await items.next() };
    }),
  );
  for (;;) {
    let newest: { readonly reader: (typeof readers)[number]; readonly item: T } | undefined;
    for (const reader of readers) {
      if (reader.head.done === true) continue;
      const item = reader.head.value;
      if (newest === undefined || item.key > newest.item.key) newest = { reader, item };
    }
    if (newest === undefined) return;
    yield newest.item;
    newest.reader.head = await newest.reader.items.next();
  }
}

async function* itemsOf<T extends Keyed>(
  list: NewestFirst<T>,
  before: string | undefined,
): AsyncGenerator<T, void, undefined> {
  let next = before;
  do {
    const page = await list(next);
    yield* page.found;
    next = page.next;
  } while (next !== undefined);
}
