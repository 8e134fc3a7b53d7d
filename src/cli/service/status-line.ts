import type { startBridge } from '../../bridge.js';

type BridgeDocument = ReturnType<Awaited<ReturnType<typeof startBridge>>['document']>;

/** How the bridge stands, as `systemctl status` shows it. */
export function statusLine(document: BridgeDocument): string {
  if (document === null) return 'stopping';
  const states = Object.entries(document.accounts).map(([name, { state }]) => ({ name, state }));
  const others = states.filter(({ state }) => state !== 'ready');
  const accounts = `${String(states.length - others.length)} of ${String(states.length)} accounts ready`;
  const which = others.map(({ name, state }) => `${name} ${state}`).join(', ');
  const broker = document.mqtt.version === null ? 'no broker' : 'broker connected';
  const { depth, running } = document.queue;
  return [
    which === '' ? accounts : `${accounts} (${which})`,
    broker,
    `commands: ${String(depth)} waiting, ${String(running)} running`,
  ].join('; ');
}
