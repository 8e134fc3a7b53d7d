import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.js';
import { onTeardown } from './teardown.js';

/** Stands between a client and its server and can cut every connection there is. */
export class Cuttable {
  readonly url: string;
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.port = (server.address() as AddressInfo).port;
    this.url = `mqtt://127.0.0.1:${this.port}`;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async before(target: number): Promise<Cuttable> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    }).listen(await freePort(), '127.0.0.1');
    await once(server, 'listening');
    const cuttable = new Cuttable(server, sockets);
    onTeardown(() => {
      cuttable.cut();
      server.close();
    });
    return cuttable;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nobody is there any more: what was connected is cut, and connections are refused. */
  async down(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  /** It is there again, on the same port. */
  async up(): Promise<void> {
    const listening = once(this.#server, 'listening');
    this.#server.listen(this.port, '127.0.0.1');
    await listening;
  }
}
