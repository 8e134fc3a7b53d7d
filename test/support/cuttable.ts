import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTeardown } from './teardown.js';

/** Stands between a client and its broker and can cut every connection there is. */
export class Cuttable {
  readonly url: string;
  readonly #sockets: Set<Socket>;

  private constructor(port: number, sockets: Set<Socket>) {
    this.url = `mqtt://127.0.0.1:${port}`;
    this.#sockets = sockets;
  }

  static async before(broker: number): Promise<Cuttable> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port: broker, host: '127.0.0.1', noDelay: true });
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
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const cuttable = new Cuttable((server.address() as AddressInfo).port, sockets);
    onTeardown(() => {
      cuttable.cut();
      server.close();
    });
    return cuttable;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
