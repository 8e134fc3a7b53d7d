import type { BridgeOptions } from '../../bridge.js';
import { codeOf } from '../../mqtt/trial-client.js';
import { inWords, systemCode, type Tell } from './finding.js';

const bySystemCode: Readonly<Record<string, readonly [found: string, advice: string]>> = {
  ECONNREFUSED: [
    'nothing listens there',
    'start the broker, or mend mqtt.url; without a `listener` mosquitto listens on localhost only',
  ],
  ENOTFOUND: ['the name is not known', 'mend the host in mqtt.url, or write its address'],
  EAI_AGAIN: ['no name server answers', 'mend the network, or write an address in mqtt.url'],
  EHOSTUNREACH: ['there is no way to it', 'is the broker on, and in this network?'],
  ENETUNREACH: ['there is no way to it', 'is this computer in a network?'],
  ETIMEDOUT: ['it does not answer', 'is the broker on, and does a firewall let the port through?'],
};

const signIn =
  'put the user and the password that the broker has into mqtt.username and mqtt.password';

/** By the reason code of MQTT 5, and the return code of 3.1.1. */
const byReasonCode: Readonly<Record<number, readonly [found: string, advice: string]>> = {
  2: ['it refuses the client id of this check', 'let the broker take any client id of this user'],
  133: ['it refuses the client id of this check', 'let the broker take any client id of this user'],
  3: ['it is not available', 'ask again later, and look into its log'],
  136: ['it is not available', 'ask again later, and look into its log'],
  4: ['it refuses the user name or the password', signIn],
  134: ['it refuses the user name or the password', signIn],
  5: ['it does not let this user in', signIn],
  135: ['it does not let this user in', signIn],
  1: ['it does not speak this version of MQTT', 'set mqtt.version: auto'],
  132: ['it does not speak this version of MQTT', 'set mqtt.version: auto'],
};

const tlsWords = /CERT|TLS|SSL|SELF_SIGNED|EPROTO|SIGNATURE/;

/** Why there is no connection, and what a person can do. */
export function connectFault(error: unknown, { url }: BridgeOptions['mqtt']): Parameters<Tell> {
  const system = systemCode(error) ?? '';
  const known = byReasonCode[codeOf(error) ?? -1] ?? bySystemCode[system];
  if (known !== undefined) return ['fault', `${url}: ${known[0]}`, known[1]];
  const said = `${url}: ${inWords(error)}`;
  if (tlsWords.test(system)) {
    return ['fault', said, 'for mqtts: and wss: mend mqtt.ca_file, the host name or the port'];
  }
  const advice = 'is a broker at this port? mqtt: and mqtts:, ws: and wss: have each its own';
  return ['fault', said, advice];
}
