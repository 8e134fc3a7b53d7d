interface Row {
  readonly row: number;
  readonly what: string;
}

interface Table {
  readonly rows: readonly Row[];
}

/**
 * What one maker's servers answer alike in several homes is met in one of them, and each of the homes has its share.
 * Rows of one home alone stay there, and so do those that are not `shared`.
 */
export function inTurns<T extends Table>(
  tables: readonly T[],
  shared: (row: T['rows'][number]) => boolean = () => true,
): T[] {
  const homes = new Map<string, T[]>();
  for (const table of tables) {
    for (const row of table.rows) homes.set(keyOf(row), [...(homes.get(keyOf(row)) ?? []), table]);
  }
  const order = [...homes.keys()];
  const isHere = (row: Row, table: T): boolean => {
    const among = homes.get(keyOf(row)) ?? [];
    return among[order.indexOf(keyOf(row)) % among.length] === table;
  };
  return tables.map((table) => ({
    ...table,
    rows: table.rows.filter((row) => !shared(row) || isHere(row, table)),
  }));
}

function keyOf({ row, what }: Row): string {
  return `${String(row)} ${what}`;
}
