import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { onTeardown } from '../support/teardown.js';

/** Stands before a broker and, when told to, keeps from it what its clients say: they hear it, and it hears nothing. */
export class DeafBroker {
  readonly url: string;
  isDeaf = false;

  private constructor(port: number) {
    this.url = `mqtt://127.0.0.1:${String(port)}`;
  }

  static async before(broker: number): Promise<DeafBroker> {
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port: broker, host: '127.0.0.1', noDelay: true });
      far.pipe(near);
      near.on('data', (bytes) => {
        if (!deaf.isDeaf) far.write(bytes);
      });
      for (const socket of [near, far]) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          near.destroy();
          far.destroy();
        });
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const deaf = new DeafBroker((server.address() as AddressInfo).port);
    onTeardown(() => {
      server.close();
    });
    return deaf;
  }
}
