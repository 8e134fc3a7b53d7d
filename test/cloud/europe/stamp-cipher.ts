import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { EuropeBrand } from './account.js';
import { type CipherSpec, librarySigning } from './library-signing.js';

const hex = z.string().transform((text) => Number.parseInt(text, 16));
const columns = z.array(hex);
const substitutionSchema = z.object({
  M1: columns,
  a: z.number(),
  M2: columns,
  t2: z.number(),
  Lcols: columns,
  c: z.number(),
  is_byte: z.union([z.boolean(), z.number()]),
});
const linearSchema = z.object({ lcols: columns, lconst: z.number() });
const sboxSchema = z.object({ sbox: z.array(hex).length(256) });

type Table = readonly Uint32Array[];

const blockLength = 16;

/**
 * The block function of the vehicle servers' stamps: a byte cipher whose tables, one for each byte of each round, are
 * made from the parameters that the installed library carries.
 */
export class StampCipher {
  readonly #rounds: readonly { readonly substitute: Table; readonly mix: Table }[];
  readonly #last: Table;
  readonly #shiftRows: readonly number[];

  private constructor(spec: CipherSpec, parameters: Record<string, unknown>, rows: number[]) {
    const { sbox } = sboxSchema.parse(parameters);
    const substitutions = (group: string): Uint32Array[] =>
      inOrder(group, parameters, substitutionSchema).map((one) => substitutionTable(one, sbox));
    this.#shiftRows = rows;
    this.#last = substitutions(spec.final_group);
    this.#rounds = spec.phases.flatMap(([group, linearGroup, count]) => {
      const substitute = substitutions(group);
      const mix = inOrder(linearGroup, parameters, linearSchema).map(linearTable);
      return Array.from({ length: count }, (_, round) => ({
        substitute: substitute.slice(round * blockLength, (round + 1) * blockLength),
        mix: mix.slice(round * blockLength, (round + 1) * blockLength),
      }));
    });
  }

  static of(brand: EuropeBrand): StampCipher {
    const { specs, folder, shift_rows } = librarySigning().stamp;
    const spec = specs[brand];
    if (spec === undefined) throw new Error(`the library has no stamp cipher for ${brand}`);
    const file = readFileSync(join(folder, spec.params_file), 'utf8');
    return new StampCipher(
      spec,
      z.record(z.string(), z.unknown()).parse(JSON.parse(file)),
      shift_rows,
    );
  }

  /** What a stamp says: CFB with blocks of 16 bytes. */
  decrypt(stamp: Buffer): Buffer {
    let feedback: Uint8Array = Buffer.from(librarySigning().stamp.iv, 'hex');
    const said = new Uint8Array(stamp.length);
    for (let start = 0; start < stamp.length; start += blockLength) {
      const block = stamp.subarray(start, start + blockLength);
      const pad = this.#encrypt(feedback);
      said.set(
        block.map((byte, place) => byte ^ at(pad, place)),
        start,
      );
      feedback = block;
    }
    return Buffer.from(said);
  }

  #encrypt(block: Uint8Array): Uint8Array {
    let state = block;
    for (const { substitute, mix } of this.#rounds) {
      const shifted = this.#shift(state);
      const next = new Uint8Array(blockLength);
      for (let column = 0; column < blockLength; column += 4) {
        next.set(
          bytesOf(through(mix, bytesOf(through(substitute, shifted, column)), column, 0)),
          column,
        );
      }
      state = next;
    }
    return this.#shift(state).map((byte, place) => look(this.#last, place, byte) & 0xff);
  }

  #shift(state: Uint8Array): Uint8Array {
    return Uint8Array.from(this.#shiftRows, (place) => at(state, place));
  }
}

/** The four bytes of a column, each through its own table, together. */
function through(tables: Table, bytes: Uint8Array, column: number, from = column): number {
  let word = 0;
  for (let place = 0; place < 4; place += 1) {
    word ^= look(tables, column + place, at(bytes, from + place));
  }
  return word >>> 0;
}

function bytesOf(word: number): Uint8Array {
  return Uint8Array.of(word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff);
}

function look(tables: Table, place: number, byte: number): number {
  return at(tables[place] ?? [], byte);
}

function at(values: ArrayLike<number>, place: number): number {
  const value = values[place];
  if (value === undefined) throw new RangeError(`the stamp cipher has no value ${place}`);
  return value;
}

function substitutionTable(
  { M1, a, M2, t2, Lcols, c, is_byte }: z.infer<typeof substitutionSchema>,
  sbox: readonly number[],
): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    const inner = multiply(M2, at(sbox, multiply(M1, byte ^ a))) ^ t2;
    return is_byte ? (c ^ inner) & 0xff : c ^ multiply(Lcols, inner);
  });
}

function linearTable({ lcols, lconst }: z.infer<typeof linearSchema>): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => lconst ^ multiply(lcols, byte));
}

/** A matrix of bits, given by its columns, times a vector of bits. */
function multiply(matrix: readonly number[], vector: number): number {
  return matrix.reduce((sum, column, bit) => (vector & (1 << bit) ? sum ^ column : sum), 0);
}

/** The members of a group of parameters, whose keys are their places. */
function inOrder<T>(group: string, parameters: Record<string, unknown>, member: z.ZodType<T>): T[] {
  const members = z.record(z.string(), member).parse(parameters[group]);
  const sorted = Object.entries(members).sort(([one], [other]) => Number(one) - Number(other));
  return sorted.map(([, value]) => value);
}
