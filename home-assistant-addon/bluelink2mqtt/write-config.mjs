import { AppFault, writeAppConfig } from '../dist/cli/home-assistant-app.js';

const wrongConfiguration = 78;

try {
  await writeAppConfig(process.argv[2], {
    dataDir: '/data',
    configDir: '/config',
    supervisorUrl: process.env.SUPERVISOR_URL ?? 'http://supervisor',
    supervisorToken: process.env.SUPERVISOR_TOKEN ?? '',
  });
} catch (error) {
  if (!(error instanceof AppFault)) throw error;
  console.error(error.message);
  process.exitCode = wrongConfiguration;
}
