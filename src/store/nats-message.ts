import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { v4 as uuidv4 } from 'uuid';
import { z } from 'zod';
import type { Cipher } from './cipher.js';
import type { RecordHead } from './nats-index.js';
import { StoreError } from './store.js';

/** Raised when an older release could not read what this one writes. */
export const schemaNumber = 1;

const idHeader = 'Store-Message';
const schemaHeader = 'Store-Schema';
const recordsHeader = 'Store-Records';

/** A longer list is read from the payload: the server takes no more than 64 KiB of headers. */
const longestRecordsHeader_bytes = 32 * 1024;
/** What a message takes besides its payload and its list of records. */
const envelope_bytes = 512;
const sealedPerByte = 4 / 3;

/** One write of a message; without `text`, which is JSON, the key is deleted. */
export interface LogRecord {
  readonly key: string;
  readonly text?: string;
  /** Only of a value that was copied from an older message. */
  readonly revision?: number;
}

export interface SealedMessage {
  readonly id: string;
  readonly headers: MsgHdrs;
  readonly payload: Uint8Array;
  readonly size: number;
  readonly records: readonly RecordHead[];
}

const headsSchema = z.array(
  z
    .tuple([z.string()])
    .or(z.tuple([z.string(), z.number()]))
    .or(z.tuple([z.string(), z.number(), z.number()])),
);
const recordsSchema = z.array(
  z
    .tuple([z.string()])
    .or(z.tuple([z.string(), z.unknown()]))
    .or(z.tuple([z.string(), z.unknown(), z.number()])),
);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of one record in a payload, before it is sealed. */
export function sizeOf({ key, text = '' }: LogRecord): number {
  return Buffer.byteLength(key) + Buffer.byteLength(text) + 32;
}

/** How many bytes of records go into one message of a server that takes so many. */
export function mostInMessage(maxPayload_bytes: number): number {
  const room = maxPayload_bytes - 2 * envelope_bytes - listRoom(maxPayload_bytes);
  return Math.max(0, Math.floor(room / sealedPerByte));
}

function listRoom(maxPayload_bytes: number): number {
  return Math.min(longestRecordsHeader_bytes, Math.floor(maxPayload_bytes / 8));
}

/** Seals keys and values for this partition. Of each key there may be one record. */
export async function sealMessage(
  records: readonly LogRecord[],
  { cipher, partition, maxPayload_bytes }: SealingPlace,
): Promise<SealedMessage> {
  const heads = records.map(headOf);
  const [payload, list] = await Promise.all([
    cipher.seal(encoder.encode(payloadOf(records)), valuesOf(partition)),
    cipher.seal(encoder.encode(JSON.stringify(heads.map(tupleOf))), keysOf(partition)),
  ]);
  const id = uuidv4();
  const made = headers();
  made.set(idHeader, id);
  made.set(schemaHeader, String(schemaNumber));
  const fits = list.length <= listRoom(maxPayload_bytes);
  if (fits) made.set(recordsHeader, decoder.decode(list));
  const size = envelope_bytes + payload.length + (fits ? list.length : 0);
  return { id, headers: made, payload, size, records: heads };
}

export interface SealingPlace {
  readonly cipher: Cipher;
  readonly partition: string;
  readonly maxPayload_bytes: number;
}

/** The name under which its writer finds a message again whose answer was lost. */
export function idOf(found: MsgHdrs): string {
  return found.get(idHeader);
}

/** @throws StoreError when a newer release has written it. */
export function checkSchema(found: MsgHdrs): void {
  const schema = Number(found.get(schemaHeader) || schemaNumber);
  if (schema <= schemaNumber) return;
  throw new StoreError(
    `the store was written by a newer release (schema ${schema}, this one knows ${schemaNumber})`,
  );
}

export interface StoredHeaders {
  readonly sequence: number;
  readonly headers: MsgHdrs;
  readonly payload_bytes: number;
}

/** What a message writes; `readPayload` is asked only where its headers do not say it. */
export async function openRecords(
  { headers: found, payload_bytes }: StoredHeaders,
  { cipher, partition }: Pick<SealingPlace, 'cipher' | 'partition'>,
  readPayload: () => Promise<Uint8Array | undefined>,
): Promise<{ readonly size: number; readonly records: readonly RecordHead[] }> {
  checkSchema(found);
  const list = found.get(recordsHeader);
  const size = envelope_bytes + payload_bytes + list.length;
  if (list !== '') {
    const opened = await cipher.open(list, keysOf(partition));
    return { size, records: headsSchema.parse(parse(opened)).map(fromTuple) };
  }
  const payload = await readPayload();
  // Gone meanwhile: then nothing in it is needed.
  if (payload === undefined) return { size, records: [] };
  const records = [...(await openPayload(payload, { cipher, partition })).values()];
  return { size, records: records.map((record) => headOf(recordOf(record))) };
}

/** One write as it was read; of a deletion there is no value. */
export interface StoredRecord {
  readonly key: string;
  readonly isDeleted: boolean;
  readonly value: unknown;
  readonly revision?: number;
}

/** The records of a message by their keys. */
export async function openPayload(
  payload: Uint8Array,
  { cipher, partition }: Pick<SealingPlace, 'cipher' | 'partition'>,
): Promise<Map<string, StoredRecord>> {
  const records = recordsSchema.parse(parse(await cipher.open(payload, valuesOf(partition))));
  return new Map(
    records.map((record) => {
      const [key, value, revision] = record;
      const isDeleted = record.length === 1;
      return [key, { key, isDeleted, value, ...(revision === undefined ? {} : { revision }) }];
    }),
  );
}

/** As it is written into another message. */
export function recordOf({ key, isDeleted, value, revision }: StoredRecord): LogRecord {
  if (isDeleted) return { key };
  const text = JSON.stringify(value);
  return { key, text, ...(revision === undefined ? {} : { revision }) };
}

function payloadOf(records: readonly LogRecord[]): string {
  const texts = records.map(({ key, text, revision }) => {
    const parts = [JSON.stringify(key)];
    if (text !== undefined) parts.push(text);
    if (text !== undefined && revision !== undefined) parts.push(String(revision));
    return `[${parts.join(',')}]`;
  });
  return `[${texts.join(',')}]`;
}

function headOf(record: LogRecord): RecordHead {
  const { key, text, revision } = record;
  if (text === undefined) return { key };
  return { key, size: sizeOf(record), ...(revision === undefined ? {} : { revision }) };
}

function tupleOf({ key, size, revision }: RecordHead): (string | number)[] {
  return [key, size, revision].filter((one) => one !== undefined);
}

function fromTuple([key, size, revision]: z.infer<typeof headsSchema>[number]): RecordHead {
  return {
    key,
    ...(size === undefined ? {} : { size }),
    ...(revision === undefined ? {} : { revision }),
  };
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes));
}

function keysOf(partition: string): string {
  return `${partition}/keys`;
}

function valuesOf(partition: string): string {
  return `${partition}/values`;
}
