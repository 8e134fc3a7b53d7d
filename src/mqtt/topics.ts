/** Every topic of the contract (section 1), built and parsed here and nowhere else. */
export function createTopics(base: string) {
  const commands = new RegExp(`^${escape(base)}/([^/]+)/commands/([^/]+)$`);
  return {
    bridge: {
      availability: `${base}/bridge/availability`,
      state: `${base}/bridge/state`,
      result: `${base}/bridge/result`,
      command: (name: string) => `${base}/bridge/commands/${name}`,
      /** What one instance of a fleet says of itself. */
      instance: (name: string) => `${base}/bridge/instances/${name}`,
    },
    vehicle: (id: string) => ({
      availability: `${base}/${id}/availability`,
      info: `${base}/${id}/info`,
      state: `${base}/${id}/state`,
      result: `${base}/${id}/result`,
      command: (name: string) => `${base}/${id}/commands/${name}`,
      trips: (month: string) => `${base}/${id}/trips/${month}`,
      value: (path: string) => `${base}/${id}/value/${path}`,
      /** Section 7. */
      legacy: (path: string) => `${base}/${id}/${path}`,
    }),
    /** Matches the command topics of every car and of the bridge. */
    commandFilter: `${base}/+/commands/+`,
    /** Matches the command topics of one car, by one of its names. */
    commandFilterOf: (vehicle: string) => `${base}/${vehicle}/commands/+`,
    /** Who a command is for (`bridge` or what a car is called) and its name. */
    parseCommand: (
      topic: string,
    ): { readonly target: string; readonly name: string } | undefined => {
      const [, target, name] = commands.exec(topic) ?? [];
      return target === undefined || name === undefined ? undefined : { target, name };
    },
    /** The car that a topic is about (by what its topics begin with, or `bridge`), and what it tells of it. */
    parse: (
      topic: string,
    ): { readonly target: string; readonly levels: readonly string[] } | undefined => {
      if (!topic.startsWith(`${base}/`)) return undefined;
      const [target, ...levels] = topic.slice(base.length + 1).split('/');
      return target === undefined ? undefined : { target, levels };
    },
    isOwn: (topic: string): boolean => topic === base || topic.startsWith(`${base}/`),
  };
}

export type Topics = ReturnType<typeof createTopics>;

const longestResponseTopic_bytes = 256;

/**
 * Whether events may be published to this response topic. A broker disconnects who publishes to a wildcard, and
 * would then deliver the command again, for ever.
 */
export function isSafeResponseTopic(
  topic: string,
  topics: Topics,
  limits: { readonly prefix: string | undefined; readonly discoveryPrefix: string },
): boolean {
  return (
    topic !== '' &&
    !/[+#\0]/.test(topic) &&
    Buffer.byteLength(topic) <= longestResponseTopic_bytes &&
    !topic.startsWith('$') &&
    !topics.isOwn(topic) &&
    topic !== limits.discoveryPrefix &&
    !topic.startsWith(`${limits.discoveryPrefix}/`) &&
    (limits.prefix === undefined || topic.startsWith(limits.prefix))
  );
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
