const useTheOther = 'leave out `backend` to use hyundai-kia-connect';

/** Why an account cannot be reached with bluelinky; undefined where it can. */
export function notReached(region: string | number, brand: string | number): string | undefined {
  const reason = reasonFor(region, brand);
  return reason === undefined ? undefined : `${reason}; ${useTheOther}`;
}

function reasonFor(region: string | number, brand: string | number): string | undefined {
  switch (region) {
    case 'usa':
      if (brand === 'hyundai') return undefined;
      return `in the USA bluelinky 9 reaches Hyundai only, not ${String(brand)}`;
    case 'europe':
    case 'europe-cci':
      return 'in Europe the makers no longer accept the sign-in of bluelinky 9';
    case 'canada':
      // It does so for the whole process on newer releases of Node.
      return 'for Canada bluelinky 9 switches off the check of TLS certificates, and passwords could be read on the way';
    default:
      return `with bluelinky only Hyundai in the USA is supported, not the region ${String(region)}`;
  }
}
