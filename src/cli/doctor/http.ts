import type { Config } from '../../config/schema.js';
import type { DaemonStanding } from './daemon.js';
import { inWords, systemCode, type Check, type Tell } from './finding.js';

const answer_ms = 5000;
const longestReason = 200;

export function httpCheck({ http }: Config, standing: Promise<DaemonStanding>): Check {
  return {
    what: 'http',
    limit_ms: 20_000,
    look: async (tell, signal) => {
      if (!http.enabled) {
        tell('ok', 'switched off');
        return;
      }
      const { is } = await standing;
      const place = `http://${reachable(http.host)}:${String(http.port)}`;
      const answer = await ask(`${place}/healthz`, signal);
      if (is === 'absent') tellOfPort(answer, place, tell);
      else tellOfHealth(answer, place, tell);
    },
  };
}

type Answer =
  | { readonly is: 'answered'; readonly status: number; readonly body: string }
  | { readonly is: 'refused' }
  | { readonly is: 'silent'; readonly reason: string };

async function ask(url: string, signal: AbortSignal): Promise<Answer> {
  try {
    const late = AbortSignal.any([signal, AbortSignal.timeout(answer_ms)]);
    const response = await fetch(url, { signal: late, redirect: 'manual' });
    return { is: 'answered', status: response.status, body: await response.text() };
  } catch (error) {
    const code = systemCode(error);
    return code === 'ECONNREFUSED' ? { is: 'refused' } : { is: 'silent', reason: inWords(error) };
  }
}

function tellOfHealth(answer: Answer, place: string, tell: Tell): void {
  if (answer.is === 'refused') {
    tell('warn', `nothing answers at ${place}`, 'look for its reason in the log of the bridge');
  } else if (answer.is === 'silent') {
    tell('fault', `${place} does not answer: ${answer.reason}`, 'restart the bridge');
  } else if (answer.status === 200) tell('ok', `${place} is healthy`);
  else {
    const reason = answer.body.slice(0, longestReason);
    const found = `${place}/healthz answers ${String(answer.status)}: ${reason}`;
    tell('fault', found, 'restart the bridge; if it comes back, its log says more');
  }
}

function tellOfPort(answer: Answer, place: string, tell: Tell): void {
  if (answer.is === 'refused') tell('ok', `${place} is free for the bridge`);
  else tell('warn', `another program is at ${place}`, 'choose another http.port');
}

/** An address to listen on is not always one to call. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
