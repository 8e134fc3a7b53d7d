/** From this reason code on a broker's answer is a refusal, and final: the same again would be refused again. */
export const firstRefusal = 128;

/** The filters that the answer to a subscription does not grant; what it does not mention is not granted either. */
export function refusedFiltersOf(
  filters: readonly string[],
  granted: readonly unknown[],
): string[] {
  return filters.filter((_, place) => Number(granted[place] ?? firstRefusal) >= firstRefusal);
}
