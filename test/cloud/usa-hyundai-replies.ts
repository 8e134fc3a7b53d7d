import { type CommandRefusal, type Reply, json } from './wire.js';

interface HyundaiError {
  readonly errorCode: number;
  readonly errorSubCode: string;
  readonly systemName: string;
  readonly functionName: string;
  readonly message: string;
  readonly detail?: string;
}

export function error(status: number, part: HyundaiError): Reply {
  const { message, detail = '', ...codes } = part;
  const body = {
    ...codes,
    errorSubMessage: detail,
    errorMessage: message,
    serviceName: 'CloudAPI',
  };
  return json(body, status);
}

export function dailyLimit(status: number): Reply {
  return error(status, {
    errorCode: 502,
    errorSubCode: 'HT_534',
    systemName: 'HATA',
    functionName: 'remoteVehicleStatus',
    message:
      'You have exceeded the daily remote service request limit. Your last request was not processed.',
    detail: 'HATA remoteVehicleStatus service failed while performing the operation',
  });
}

const refusals: Readonly<Record<CommandRefusal, HyundaiError & { readonly status: number }>> = {
  duplicate: {
    status: 502,
    errorCode: 502,
    errorSubCode: 'HT_533',
    systemName: 'HATA',
    functionName: 'remoteCommand',
    message: 'A previous request is still pending.',
  },
  unsupported: {
    status: 502,
    errorCode: 502,
    errorSubCode: 'GEN',
    systemName: 'BLODS',
    functionName: 'validateSubscription',
    message: 'Your subscription status does not allow this request',
    detail: 'Feature Status is OFF',
  },
  vehicle_timeout: {
    status: 504,
    errorCode: 504,
    errorSubCode: 'HT_504',
    systemName: 'HATA',
    functionName: 'remoteCommand',
    message: 'The vehicle did not respond',
  },
  unavailable: {
    status: 502,
    errorCode: 502,
    errorSubCode: 'GEN',
    systemName: 'HATA',
    functionName: 'remoteCommand',
    message: 'We are sorry, the service is not available right now',
  },
};

/** Why a command is not taken; for `duplicate` no words of commands are known, these are those of the pictures. */
export function refused(reason: CommandRefusal): Reply {
  const { status, ...part } = refusals[reason];
  return error(status, part);
}
