import { execFileSync } from 'node:child_process';
import { z } from 'zod';
import { requireTestPython } from '../../support/python.js';
import type { EuropeBrand } from './account.js';

const cipherSpecSchema = z.object({
  params_file: z.string(),
  /** S-box group, linear group, number of rounds. */
  phases: z.array(z.tuple([z.string(), z.string(), z.number().int()])),
  final_group: z.string(),
});

const signingSchema = z.object({
  /** By brand, in lower case. */
  fingerprint_keys: z.record(z.string(), z.string()),
  stamp: z.object({
    iv: z.string(),
    shift_rows: z.array(z.number().int()).length(16),
    folder: z.string(),
    specs: z.record(z.string(), cipherSpecSchema),
  }),
});

export type CipherSpec = z.infer<typeof cipherSpecSchema>;
export type LibrarySigning = z.infer<typeof signingSchema>;

const script = `
import json
from pathlib import Path
from hyundai_kia_connect_api import cci_fingerprint
from hyundai_kia_connect_api.gspa import cipher_keys
from hyundai_kia_connect_api.GspaApiEU import GspaApiEU
print(json.dumps({
    "fingerprint_keys": {
        brand.lower(): "".join(parts) for brand, parts in cci_fingerprint._FINGERPRINT_KEYS.items()
    },
    "stamp": {
        "iv": cipher_keys.IVS[GspaApiEU.STAMP_REGION].hex(),
        "shift_rows": cipher_keys.SR_POSITIONS,
        "folder": str(Path(cipher_keys.__file__).parent),
        "specs": cipher_keys.BRAND_CIPHER_SPECS,
    },
}))
`;

let known: LibrarySigning | undefined;

/**
 * What the makers' apps sign with, as the installed library knows it: the makers change it with their apps, and the
 * library with them.
 */
export function librarySigning(): LibrarySigning {
  known ??= signingSchema.parse(
    JSON.parse(execFileSync(requireTestPython(), ['-W', 'ignore', '-c', script], utf8)),
  );
  return known;
}

const utf8 = { encoding: 'utf8' } as const;

export function fingerprintKey(brand: EuropeBrand): string {
  const key = librarySigning().fingerprint_keys[brand];
  if (key === undefined) throw new Error(`the library has no signing strings for ${brand}`);
  return key;
}
