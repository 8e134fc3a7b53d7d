// Which folder of src may import which other one; itself always. A library has one owner folder.
const mayImport = {
  vehicle: [],
  daemon: [],
  config: ['vehicle'],
  backends: ['vehicle', 'daemon'],
  worker: ['backends', 'vehicle', 'daemon'],
  nats: ['daemon'],
  store: ['vehicle', 'daemon'],
  fleet: ['nats', 'store', 'http', 'vehicle', 'daemon'],
  dispatch: ['vehicle', 'daemon'],
  schedule: ['vehicle', 'daemon'],
  mqtt: ['vehicle', 'daemon'],
  homeassistant: ['mqtt', 'vehicle', 'daemon'],
  http: ['vehicle', 'daemon'],
  cli: [
    ...['config', 'daemon', 'vehicle', 'backends', 'store', 'dispatch', 'schedule', 'mqtt', 'http'],
    ...['nats', 'fleet'],
  ],
};

const ownedBy = {
  pino: 'daemon',
  'prom-client': 'daemon',
  // The demo writes a configuration like any other.
  yaml: 'config|cli',
  'classic-level': 'store',
  opossum: 'dispatch',
  piscina: 'dispatch',
  mqtt: 'mqtt',
  hono: 'http',
  'rate-limiter-flexible': 'http',
  '@hono': 'http',
  aedes: 'cli',
  '@nats-io': 'nats|store|fleet',
  jose: 'store',
  commander: 'cli',
};

const folderRules = Object.entries(mayImport).map(([folder, others]) => ({
  name: `${folder}-may-import-${others.join('-') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [
      `^src/(${[folder, ...others].join('|')})/`,
      ...(folder === 'cli'
        ? ['^src/(bridge|account|account-session|account-options|fleet-bridge)\\.ts$']
        : []),
    ],
  },
}));

const libraryRules = Object.entries(ownedBy).map(([library, folder]) => ({
  name: `${library}-belongs-to-${folder.replaceAll('|', '-and-')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/(${folder})/` },
  to: { path: `node_modules/${library}/` },
}));

/** What is loaded only where there is a fleet. */
const ofFleets =
  '^src/(fleet/|fleet-|nats/|store/(nats-|cipher)|cli/(run-in-fleet|accounts\\.ts|accounts/(?!subcommands)))';

module.exports = {
  forbidden: [
    {
      name: 'one-bridge-alone-loads-nothing-of-a-fleet',
      severity: 'error',
      from: { path: '^src/', pathNot: ofFleets },
      to: { path: ofFleets, dependencyTypesNot: ['dynamic-import', 'type-only'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-folder-has-its-row',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(mayImport).join('|')})/` },
    },
    {
      name: 'main-knows-the-command-line-and-the-process',
      severity: 'error',
      from: { path: '^src/main\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(cli|daemon)/' },
    },
    {
      name: 'the-roots-do-not-know-the-command-line',
      severity: 'error',
      from: { path: '^src/(bridge|account|fleet-[a-z]+)\\.ts$' },
      to: { path: '^src/(cli/|main\\.ts$)' },
    },
    ...folderRules,
    ...libraryRules,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
