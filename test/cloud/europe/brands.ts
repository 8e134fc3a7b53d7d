import type { EuropeBrand } from './account.js';

export const europeBrands = ['hyundai', 'kia', 'genesis'] as const;

/** The brand that a host of Europe belongs to. */
export function brandOf(host: string): EuropeBrand {
  const brand = europeBrands.find((one) => host.endsWith(`.${one}.com`));
  if (brand === undefined) throw new Error(`no brand of Europe in ${host}`);
  return brand;
}
