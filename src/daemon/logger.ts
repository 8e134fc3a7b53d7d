import { pino } from 'pino';
import { KnownSecrets, redactByKey, redactField } from './redaction.js';
import { settlesWithin } from './settles-within.js';

export const logLevels = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What the parts of the bridge write to: the context first, then the text. */
export type Logger = Pick<
  pino.Logger,
  'error' | 'warn' | 'info' | 'debug' | 'trace' | 'child' | 'flush' | 'level' | 'isLevelEnabled'
>;

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, else JSON. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Hidden wherever they appear; more can be added later. */
  readonly secrets?: KnownSecrets;
}

/** Beyond it lines are dropped: a reader of standard output that has stopped must not fill the memory. */
const maxBuffered_bytes = 16 * 1024 * 1024;

/** Writes to standard output and never waits for it. Secrets are hidden by their keys, and by value where known. */
export function createLogger(
  options: LoggerOptions,
  destination: pino.DestinationStream = standardOutput(options.format),
): Logger {
  const secrets = options.secrets ?? new KnownSecrets();
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (context) =>
          Object.fromEntries(
            Object.entries(context).map(([key, value]) => [key, redactField(key, value)]),
          ),
      },
      // A child's bindings do not pass through the formatter.
      redact: {
        paths: [...boundKeys],
        censor: (value, path) => redactField(path.at(-1) ?? '', value),
      },
      serializers: { err: redactByKey },
      hooks: { streamWrite: (line) => secrets.hideIn(line) },
    },
    destination,
  );
}

const boundKeys = ['password', 'pin', 'token', 'session', 'code', 'otp', 'sid', 'authorization'];

function standardOutput(format: LoggerOptions['format']): pino.DestinationStream {
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY);
  if (!pretty) {
    // With a `minLength` of 0 its `flush` does not wait for what is being written.
    return pino.destination({ dest: 1, sync: false, minLength: 1, maxLength: maxBuffered_bytes });
  }
  return pino.transport({
    target: 'pino-pretty',
    options: { destination: 1, translateTime: 'SYS:HH:MM:ss.l' },
  });
}

/** Waits until what was logged is written, but for one second at most. */
export async function flushLogger(logger: Logger): Promise<void> {
  const flushed = new Promise<void>((resolve) => {
    logger.flush(() => {
      resolve();
    });
  });
  await settlesWithin(flushed, 1_000);
}
