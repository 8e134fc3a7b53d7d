import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { failure } from '../vehicle/outcome.js';
import { capabilitiesOf } from '../vehicle/simulated-capabilities.js';
import type { CarIdentity } from '../vehicle/simulated-state.js';
import type { Challenge, ListedVehicle, Outcome, Task } from '../vehicle/task.js';
import { refusal, success } from './simulator-outcomes.js';

const deviceSchema = z.object({ trusted: z.boolean(), sent: z.boolean() }).partial();

const simulatedAddresses: Challenge = {
  methods: ['email', 'sms'],
  email: 'd***@example.com',
  sms: '***-**42',
};

const asked = failure('otp_required', 'a one-time code is asked for');
const wrong = failure('otp_required', 'the code was not accepted');

export interface SignInOptions {
  readonly vehicles: ListedVehicle[];
  /** The one-time code that is asked for until this device has once given it. */
  readonly code: string | undefined;
  readonly requests: number;
}

export function signIn(task: Task, { vehicles, code: wanted, requests }: SignInOptions): Outcome {
  const device = deviceSchema.safeParse(task.device).data ?? {};
  if (wanted === undefined || isTrusted(device, task.code === wanted)) {
    return {
      ...success({ operation: 'sign_in', vehicles }, requests),
      session: { token: randomUUID() },
      session_expires_at: null,
      ...(wanted === undefined ? {} : { device: { trusted: true } }),
    };
  }
  if (task.operation === 'request_code' && task.method !== undefined) {
    const result = { operation: 'request_code', method: task.method } as const;
    return { ...success(result, requests), device: { sent: true } };
  }
  return {
    ...refusal(task.code === undefined ? asked : wrong, requests),
    challenge: simulatedAddresses,
    // A new sign-in voids the code that was sent before.
    device: task.operation === 'sign_in' ? { sent: false } : device,
  };
}

export function listed(car: CarIdentity): ListedVehicle {
  return {
    id: car.id,
    vin: car.vin,
    name: car.name,
    model: car.model,
    year: car.year,
    brand: car.brand,
    drivetrain: car.drivetrain,
    commands: capabilitiesOf(car),
  };
}

function isTrusted({ trusted, sent }: z.infer<typeof deviceSchema>, isRight: boolean): boolean {
  return trusted === true || (sent === true && isRight);
}
