import { z } from 'zod';
import { duration } from './duration.js';
import { path, secret, secretFile, text } from './values.js';

const protocols = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];

/** The user's name and password have keys of their own: in a URL they would be shown wherever the URL is. */
function isBrokerUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return (
    protocols.includes(url.protocol) &&
    url.hostname !== '' &&
    url.username === '' &&
    url.password === ''
  );
}

const urlExpected =
  'mqtt://, mqtts://, ws:// or wss:// with a host and no user name or password, such as mqtts://broker.lan:8883';

/** Levels of a topic: no wildcard, no `$` at the start, no slash at either end, no empty level. */
const topicLevels = /^(?!\$)[^/+#\0]+(?:\/[^/+#\0]+)*$/;

export const topic = (description: string) =>
  text(128)
    .regex(topicLevels, {
      error: 'a topic without wildcards, empty levels or a slash at either end',
    })
    .meta({ type: 'topic', description });

export const mqtt = z
  .strictObject({
    url: z
      .string({ error: urlExpected })
      .refine(isBrokerUrl, { error: urlExpected })
      .meta({ type: 'URL: mqtt, mqtts, ws, wss', description: 'Where the broker is.' }),
    username: text(256).exactOptional().describe('The user at the broker.'),
    password: secret('the password at the broker').exactOptional(),
    password_file: secretFile,
    ca_file: path('Certificates (PEM) to trust instead of those of the system.').exactOptional(),
    cert_file: path('The client certificate (PEM); together with `key_file`.').exactOptional(),
    key_file: path('The key (PEM) of the client certificate.').exactOptional(),
    client_id: text(128)
      .default('bluelink2mqtt')
      .describe('Must differ between two bridges on one broker.'),
    version: z
      .union([z.literal('auto'), z.literal(5), z.literal(4)], { error: 'auto, 5 or 4 (3.1.1)' })
      .default('auto')
      .meta({
        type: '`auto`, 5 or 4',
        description: '5 is MQTT 5, 4 is 3.1.1; `auto` tries 5 and falls back by itself.',
      }),
    session_expiry: duration({ min: '1s', max: '1h' })
      .prefault('60s')
      .describe(
        'How long the broker keeps commands while the bridge is away. Not more than the smallest of `commands.expires_in`.',
      ),
    response_prefix: text(128)
      .regex(/^(?!\$)[^+#\0]+$/, { error: 'the beginning of a topic, without wildcards' })
      .exactOptional()
      .describe('Response topics must begin with it; without it any topic is accepted.'),
    base_topic: topic('The first levels of every topic.').default('bluelink'),
    flat_topics: z
      .boolean()
      .default(false)
      .describe('Also publishes each value bare on `<base>/<v>/value/…`.'),
    legacy_topics: z
      .boolean()
      .default(false)
      .describe(
        'Also publishes the topics of the Python service this bridge succeeds, and takes its payloads: see [legacy-topics.md](legacy-topics.md).',
      ),
  })
  .transform(({ session_expiry, ...rest }) => ({
    ...rest,
    session_expiry_ms: session_expiry,
  }));
