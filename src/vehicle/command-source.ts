import { z } from 'zod';

/** Who asked, as far as the way it came tells. Whoever may publish can write all of it: none of it is an identity. */
export const commandSourceSchema = z.object({
  via: z.enum(['mqtt', 'http']),
  /** As addressed: a car has several names. */
  topic: z.string().optional(),
  response_topic: z.string().optional(),
  /** What the sender calls itself: the MQTT 5 user property `client`. */
  client: z.string().optional(),
});

export type CommandSource = z.infer<typeof commandSourceSchema>;

/** What is kept of a topic and of a client's name: a broker passes on 64 KiB of either. */
export const sourceLimits = { topic: 256, client: 64 } as const;
