import type { VendorLimit } from './budget.js';

/**
 * What is known of the makers' daily limits; none of them documents one. Europe: about 200 requests a day and account,
 * as owners report. USA, Hyundai and Genesis: 30 remote requests a day, as their support told an owner; reads of what
 * the cloud knows are none of them. Of the others nobody has named a figure.
 */
export function vendorLimit(region: string, brand: string, daily: number | 'auto'): VendorLimit {
  const known = knownLimit(region, brand);
  return daily === 'auto' ? known : { ...known, daily };
}

function knownLimit(region: string, brand: string): VendorLimit {
  if (region.startsWith('europe')) return { daily: 200, counts: 'requests' };
  if (region === 'usa' && brand !== 'kia') return { daily: 30, counts: 'remote' };
  return { daily: null, counts: 'requests' };
}
