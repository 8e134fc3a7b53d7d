import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { GrowingList } from './growing-list.js';
import { onTeardown } from './teardown.js';
import { within } from './wait.js';

/** Where a server listens: a Unix socket, or a port of this machine. */
export type Where = { readonly socketPath: string } | { readonly port: number };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of an answer that is no JSON object nothing. */
  readonly body: Record<string, unknown>;
}

export interface Sent {
  readonly body?: string | Buffer;
  readonly type?: string;
  /** In pieces of unknown length. */
  readonly chunked?: boolean;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address of this machine from which it is asked. */
  readonly from?: string;
}

const patience_ms = 20_000;

/** One request, as curl would send it. */
export async function ask(where: Where, line: string, sent: Sent = {}): Promise<Answer> {
  const response = await open(where, line, sent);
  const said = await within(text(response), patience_ms, () => `the answer to ${line}`);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: said,
    body: objectIn(said),
  };
}

async function open(where: Where, line: string, sent: Sent): Promise<IncomingMessage> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const asked = request({
    ...('port' in where ? { host: '127.0.0.1' } : {}),
    ...(sent.from === undefined ? {} : { localAddress: sent.from }),
    ...where,
    ...{ path, method, agent: false, headers: headersOf(sent) },
  });
  asked.end(sent.body);
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
  const [response] = await within(answered, patience_ms, () => `an answer to ${line}`);
  return response;
}

function headersOf({ body, type = 'application/json', chunked = false, token, headers }: Sent) {
  return {
    ...(body === undefined ? {} : { 'content-type': type }),
    ...(chunked ? { 'transfer-encoding': 'chunked' } : lengthOf(body)),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...headers,
  };
}

function lengthOf(body: string | Buffer | undefined): Record<string, number> {
  return body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
}

function objectIn(said: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(said);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Bytes as they are, for what no client would send; all that comes until the server ends the connection. */
export async function exchangeBytes(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  const said: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => said.push(chunk));
  // A server that cuts somebody off is an answer, too.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').catch(() => undefined);
  socket.write(bytes);
  try {
    await within(closed, patience_ms, () => `the end of ${JSON.stringify(String(bytes))}`);
  } finally {
    socket.destroy();
  }
  return Buffer.concat(said).toString();
}

export interface ServerSentEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A reader of a stream of events, from the moment it is heard. */
export class EventReader {
  readonly headers: IncomingHttpHeaders;
  /** Resolves when the server has ended the stream, whichever way. */
  readonly ended: Promise<void>;
  readonly heartbeats = new GrowingList<string>();
  readonly #events = new GrowingList<ServerSentEvent>();
  readonly #response: IncomingMessage;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.headers = response.headers;
    this.ended = new Promise((resolve) => response.once('close', resolve));
    let rest = '';
    response.setEncoding('utf8');
    response.on('error', () => undefined);
    response.on('data', (chunk: string) => {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#read(block);
    });
  }

  get events(): readonly ServerSentEvent[] {
    return this.#events.items;
  }

  waitFor(
    matches: (event: ServerSentEvent) => boolean,
    timeout_ms = patience_ms,
  ): Promise<ServerSentEvent> {
    const what = (): string =>
      `an event with ${matches.toString()}; it was ${JSON.stringify(this.events.slice(-5))}`;
    return this.#events.waitFor(matches, timeout_ms, what);
  }

  close(): void {
    this.#response.destroy();
  }

  #read(block: string): void {
    const fields = block.split('\n').map((line) => /^(\w*): ?(.*)$/s.exec(line));
    const of = (name: string): string =>
      fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : [])).join('\n');
    if (of('event') === '') this.heartbeats.add(block);
    else this.#events.add({ event: of('event'), data: objectIn(of('data')) });
  }
}

/** Resolves when the stream has begun; what happens from then on is read. */
export async function readEvents(where: Where, sent: Sent = {}): Promise<EventReader> {
  const response = await open(where, 'GET /api/events', sent);
  if (response.statusCode !== 200) {
    throw new Error(`no events: ${String(response.statusCode)} ${await text(response)}`);
  }
  const reader = new EventReader(response);
  onTeardown(() => {
    reader.close();
  });
  return reader;
}
