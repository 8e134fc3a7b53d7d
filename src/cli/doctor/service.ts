import { access } from 'node:fs/promises';
import { runProgram } from '../../backends/hyundai-kia-connect/run-program.js';
import type { Check, Tell } from './finding.js';

const unit = 'bluelink2mqtt.service';
const journal = `\`journalctl -u ${unit} -n 50\` says why`;
const asked = ['LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Result', 'NRestarts'];

export function serviceCheck(): Check {
  return {
    what: 'service',
    limit_ms: 10_000,
    look: async (tell) => {
      const isSystemd = await access('/run/systemd/system').then(
        () => true,
        () => false,
      );
      if (!isSystemd) {
        tell('ok', 'systemd does not run here');
        return;
      }
      const words = ['show', unit, `--property=${asked.join(',')}`];
      const { ok, stdout, output } = await runProgram('systemctl', words, 5000);
      if (ok) judgeUnit(propertiesIn(stdout), tell);
      else tell('warn', `systemctl cannot be asked: ${output}`);
    },
  };
}

export function propertiesIn(text: string): Readonly<Partial<Record<string, string>>> {
  const pairs = text.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? []);
  return Object.fromEntries(pairs.filter(([name]) => name !== undefined)) as Record<string, string>;
}

export function judgeUnit(of: ReturnType<typeof propertiesIn>, tell: Tell): void {
  const { LoadState: load, UnitFileState: file } = of;
  if (load === 'not-found') tell('ok', 'not installed under systemd');
  else if (load !== 'loaded') tell('fault', `${unit} cannot be loaded`, journal);
  else tell(...judgeLoaded(of));
  if (file === 'disabled') {
    const start = `\`sudo systemctl enable ${unit}\``;
    tell('warn', `${unit} is not started with the computer`, start);
  }
}

function judgeLoaded(of: ReturnType<typeof propertiesIn>): Parameters<Tell> {
  const { ActiveState: state = 'unknown', SubState: part = 'unknown', Result: result = '' } = of;
  const restarts = Number(of['NRestarts'] ?? 0);
  const before = restarts > 0 ? `, restarted ${String(restarts)} times` : '';
  const found = `${unit} is ${state} (${part})`;
  if (state === 'failed' || part === 'auto-restart') {
    return ['fault', `${found}${before}: ${result}`, journal];
  }
  if (state === 'active') return ['ok', `${found}${before}`];
  return ['warn', found, `\`sudo systemctl start ${unit}\``];
}
