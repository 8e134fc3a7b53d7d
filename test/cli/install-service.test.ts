import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import {
  configOf,
  isPlainPath,
  places,
  secretsDropInOf,
  unitOf,
} from '../../src/cli/service/files.js';
import { expectReadable, ServiceFault } from '../../src/cli/service/host.js';
import { statusLine } from '../../src/cli/service/status-line.js';
import { tempDir } from '../support/temp-dir.js';

// What they do to a system is tried in one: test/systemd.

function packaged(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
}

describe('the unit', () => {
  const template = packaged('systemd/bluelink2mqtt.service');

  it('names the installation and no other', () => {
    const unit = unitOf(template, {
      node: '/usr/local/bin/node',
      folder: '/usr/local/lib/node_modules/bluelink2mqtt',
      config: '/srv/cars.yaml',
    });
    expect(unit).toMatch(
      /^ExecStart=\/usr\/local\/bin\/node \/usr\/local\/lib\/node_modules\/bluelink2mqtt\/dist\/main\.js run --config \/srv\/cars\.yaml$/m,
    );
    expect(unit).toMatch(
      /^ExecStartPre=.* \/usr\/local\/bin\/node .* setup --config \/srv\/cars\.yaml$/m,
    );
    expect(unit).not.toMatch(/\/opt\/|\/usr\/bin\/node|\/etc\/bluelink2mqtt\/config/);
  });

  it('is the one of the package where the installation is the usual one', () => {
    const usual = { node: '/usr/bin/node', folder: '/opt/bluelink2mqtt', config: places.config };
    expect(unitOf(template, usual)).toBe(template);
  });

  it('takes no path that systemd reads in another way', () => {
    expect(isPlainPath('/opt/blue-link_2@mqtt+1.0/x')).toBe(true);
    for (const path of ['opt/x', '/opt/a b', '/opt/%n', '/opt/$HOME', '/opt/"x"', '/opt/x\ny']) {
      expect(isPlainPath(path), path).toBe(false);
    }
  });
});

describe('secrets', () => {
  it('are handed to the service one by one, and no other file is', () => {
    const names = [
      'mqtt.password',
      'home.pin',
      'home.password',
      'home.password~',
      '.swp',
      'a b.pin',
    ];
    expect(
      secretsDropInOf([...names, 'http.token', 'store.encryption_key', 'store.other_key'])
        ?.split('\n')
        .slice(1),
    ).toStrictEqual([
      '[Service]',
      'LoadCredential=home.password:/etc/bluelink2mqtt/secrets/home.password',
      'LoadCredential=home.pin:/etc/bluelink2mqtt/secrets/home.pin',
      'LoadCredential=http.token:/etc/bluelink2mqtt/secrets/http.token',
      'LoadCredential=mqtt.password:/etc/bluelink2mqtt/secrets/mqtt.password',
      'LoadCredential=store.encryption_key:/etc/bluelink2mqtt/secrets/store.encryption_key',
      '',
    ]);
    expect(secretsDropInOf(['notes.txt'])).toBeUndefined();
  });

  it('are no files beside the configuration any more', () => {
    const example = packaged('config/bluelink2mqtt.example.yaml');
    expect(example).toMatch(/^\s*password_file:/m);
    const own = configOf(example);
    expect(own).not.toMatch(/^\s*(password|pin)_file:/m);
    expect(own).toContain('# the pin is the file /etc/bluelink2mqtt/secrets/home.pin');
    const before = parse(example) as { accounts: object[]; mqtt: object };
    const { password_file: _, ...mqtt } = before.mqtt as Record<string, unknown>;
    expect((parse(own) as { mqtt: object }).mqtt).toStrictEqual(mqtt);
  });
});

describe('what the service cannot read', () => {
  it('is a fault that says why', async () => {
    await expect(expectReadable('/home/me/.nvm/node', 'Node')).rejects.toThrow(
      'Node is /home/me/.nvm/node, and a service sees nothing of /home',
    );
    await expect(expectReadable(await tempDir(), 'it')).rejects.toThrow(ServiceFault);
    await expect(expectReadable('/usr/bin/no-such-node', 'Node')).rejects.toThrow(
      'there is no /usr/bin/no-such-node',
    );
    await expect(expectReadable('/etc/shadow', 'it')).rejects.toThrow('cannot read /etc/shadow');
    await expect(expectReadable('/bin/sh', 'the shell')).resolves.toBeUndefined();
  });
});

describe('the status line', () => {
  it('says in plain words who is not ready', () => {
    const document = {
      accounts: { home: { state: 'ready' }, work: { state: 'otp_required' } },
      mqtt: { version: null },
      queue: { depth: 3, running: 1 },
    } as unknown as Parameters<typeof statusLine>[0];
    expect(statusLine(document)).toBe(
      '1 of 2 accounts ready (work otp_required); no broker; commands: 3 waiting, 1 running',
    );
    expect(statusLine(null)).toBe('stopping');
  });
});
