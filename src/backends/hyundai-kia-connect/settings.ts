import { z } from 'zod';

/** A name of the contract (`europe`, `hyundai`), or the library's own number. */
const nameOrNumber = z.union([z.string().min(1), z.number().int()]);

/** What it takes to reach an account with the Python library. Holds secrets: never logged. */
export const hyundaiKiaConnectSettingsSchema = z.strictObject({
  backend: z.literal('hyundai-kia-connect'),
  /** Path of the interpreter that has the library. */
  python: z.string().min(1),
  region: nameOrNumber,
  brand: nameOrNumber,
  username: z.string(),
  password: z.string(),
  pin: z.string().nullable(),
  language: z.string(),
});

export type HyundaiKiaConnectSettings = z.infer<typeof hyundaiKiaConnectSettingsSchema>;
