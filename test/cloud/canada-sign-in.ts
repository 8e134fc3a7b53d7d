import type { CanadaAccount } from './canada-account.js';
import { canadaError, canadaOk } from './canada-replies.js';
import { type CloudRequest, type Reply, textAt } from './wire.js';

type Step = (request: CloudRequest, account: CanadaAccount, device: string) => Reply;

/** In the order in which a client takes them; all but the first for a code. */
const steps: Readonly<Record<string, Step>> = {
  'v2/login': login,
  'mfa/selverifmeth': offerMethods,
  'mfa/sendotp': sendCode,
  'mfa/validateotp': verifyCode,
  'mfa/genmfatkn': finish,
};

export function isSignIn(name: string): boolean {
  return Object.hasOwn(steps, name);
}

/** Only these look at the device id. */
export function answerSignIn(
  name: string,
  request: CloudRequest,
  account: CanadaAccount | undefined,
): Reply {
  const device = request.headers['deviceid'] ?? '';
  if (device === '') return canadaError('7710');
  if (account === undefined) return canadaError('7404');
  return steps[name]?.(request, account, device) ?? canadaError('7445');
}

function login({ body }: CloudRequest, account: CanadaAccount, device: string): Reply {
  if (account.locked) return canadaError('7402');
  if (account.password !== textAt(body, 'password')) return canadaError('7404');
  if (account.otpRequired && !account.remembers(device)) return canadaError('7110');
  return signedIn(account);
}

function offerMethods(_: CloudRequest, account: CanadaAccount, device: string): Reply {
  return canadaOk({
    userInfoUuid: account.codes.open(device),
    otpKey: '',
    // The real one does not mask the address either.
    emailList: [account.username],
    ...(account.phone !== null && { userPhone: account.phone }),
  });
}

function sendCode({ body }: CloudRequest, account: CanadaAccount, device: string): Reply {
  const method = ({ E: 'email', S: 'sms' } as const)[textAt(body, 'otpMethod')];
  const hasAddress = method === 'email' || textAt(body, 'userPhone') === account.phone;
  if (method === undefined || !hasAddress) return canadaError('7445');
  const otpKey = account.codes.send(textAt(body, 'userInfoUuid'), device, method);
  return otpKey === undefined ? canadaError('7445') : canadaOk({ otpKey });
}

function verifyCode({ body }: CloudRequest, account: CanadaAccount, device: string): Reply {
  const code = textAt(body, 'otpNo');
  const otpValidationKey = account.codes.verify(textAt(body, 'otpKey'), device, code);
  return otpValidationKey === undefined
    ? canadaError('7549')
    : canadaOk({ verifiedOtp: true, otpValidationKey });
}

function finish({ body }: CloudRequest, account: CanadaAccount, device: string): Reply {
  if (!account.codes.redeem(textAt(body, 'otpValidationKey'), device)) return canadaError('7549');
  if (textAt(body, 'mfaYn') === 'Y') account.remember(device);
  return signedIn(account);
}

function signedIn(account: CanadaAccount): Reply {
  return canadaOk({ token: account.openSession(), verifiedTnC: true });
}
