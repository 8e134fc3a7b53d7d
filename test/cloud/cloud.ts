import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompletedRequest, type Mockttp, generateCACertificate, getLocal } from 'mockttp';
import { CanadaAccount, type CanadaBrand } from './canada-account.js';
import { Canada } from './canada.js';
import { type Cars, carsOf } from './cars.js';
import type { CarProtocol, CcspAccount } from './ccsp/account.js';
import { australia } from './ccsp/australia.js';
import { brazil } from './ccsp/brazil.js';
import { Ccsp } from './ccsp/ccsp.js';
import { china } from './ccsp/china.js';
import { india } from './ccsp/india.js';
import type { CcspBrand } from './ccsp/region.js';
import type { EuropeAccount, EuropeBrand } from './europe/account.js';
import { Europe } from './europe/europe.js';
import { type Fault, type FaultHandle, type FaultyReply, Faults } from './faults.js';
import { RequestLog } from './request-log.js';
import { freePort } from '../support/free-port.js';
import { keepSecret, keepSecretsOf } from '../support/secret-scan.js';
import { UnfinishedBodyServer } from './unfinished-body.js';
import { UsaHyundaiAccount } from './usa-hyundai-account.js';
import { UsaHyundai } from './usa-hyundai.js';
import { UsaKiaAccount } from './usa-kia-account.js';
import { UsaKia } from './usa-kia.js';
import { type CloudRequest, type Maker, type Route, json } from './wire.js';

export interface CloudOptions {
  /** Epoch ms. The makers' clients compare with the wall clock: stay near it. */
  readonly clock?: () => number;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly cars: Cars;
  /** Makes other cars of the same number. Default 7. */
  readonly seed?: number;
}

/** In Europe, whose cars have two regions of the client's: the old vehicle servers and the new ones. */
export interface EuropeCredentials<Brand extends EuropeBrand> extends Credentials {
  readonly brand: Brand;
  readonly pin: string;
  /** What the cars speak; ccs2 unless told. */
  readonly protocol?: CarProtocol;
  /** Whether signatures, stamps and device ids are looked at, which needs the test Python; true unless told. */
  readonly strict?: boolean;
}

/** At the platform that the makers share outside of North America and Europe. */
export interface CcspCredentials<Brand extends CcspBrand> extends Credentials {
  readonly brand: Brand;
  readonly pin: string;
  /** What its cars speak, where a region knows both. Default legacy. */
  readonly protocol?: CarProtocol;
}

/** Making a key takes longer than all else of a cloud: those of a process share one. */
let authority: ReturnType<typeof generateCACertificate> | undefined;

/** The makers' clouds behind one intercepting proxy; the client believes that it talks to the real ones. */
export class Cloud {
  readonly requests = new RequestLog();
  /** PEM file of the authority that signs for every host. */
  readonly caFile: string;
  readonly #clock: () => number;
  readonly #server: Mockttp;
  readonly #unfinished: UnfinishedBodyServer;
  readonly #folder: string;
  readonly #faults = new Faults();
  readonly #kia = new UsaKia();
  readonly #hyundai = new UsaHyundai();
  readonly #canada = new Canada();
  readonly #australia = new Ccsp(australia);
  readonly #brazil = new Ccsp(brazil);
  readonly #china = new Ccsp(china);
  readonly #india = new Ccsp(india);
  readonly #europe = new Europe();
  readonly #makers: readonly Maker[] = [
    this.#canada,
    this.#kia,
    this.#hyundai,
    this.#australia,
    this.#brazil,
    this.#china,
    this.#india,
    ...this.#europe.makers,
  ];
  #port = 0;

  private constructor(parts: {
    clock: () => number;
    server: Mockttp;
    unfinished: UnfinishedBodyServer;
    folder: string;
  }) {
    this.#clock = parts.clock;
    this.#server = parts.server;
    this.#unfinished = parts.unfinished;
    this.#folder = parts.folder;
    this.caFile = join(parts.folder, 'ca.pem');
  }

  static async start(options: CloudOptions = {}): Promise<Cloud> {
    const { key, cert } = await (authority ??= generateCACertificate({ bits: 2048 }));
    const folder = await mkdtemp(join(tmpdir(), 'bluelink2mqtt-cloud-'));
    const cloud = new Cloud({
      clock: options.clock ?? Date.now,
      server: getLocal({ https: { key, cert }, recordTraffic: false }),
      unfinished: await UnfinishedBodyServer.start(),
      folder,
    });
    await writeFile(cloud.caFile, cert);
    await cloud.up();
    return cloud;
  }

  /** For a client's environment. Overwrite, do not default: its own may hold some of these. */
  get environment(): Readonly<Record<string, string>> {
    return {
      HTTPS_PROXY: this.proxyUrl,
      https_proxy: this.proxyUrl,
      REQUESTS_CA_BUNDLE: this.caFile,
      CURL_CA_BUNDLE: this.caFile,
      NO_PROXY: '',
      no_proxy: '',
      TZ: 'UTC',
    };
  }

  get proxyUrl(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  readonly accounts = {
    /** Region 2, all brands. */
    canada: (
      credentials: Credentials & { readonly pin: string; readonly brand: CanadaBrand },
    ): CanadaAccount => {
      const { pin, brand } = credentials;
      const parts = this.#withCars(credentials, brand, 'canada');
      const account = new CanadaAccount({ ...parts, pin, brand });
      this.#canada.accounts.push(account);
      return account;
    },
    /** Region 3, brand 1. */
    usaKia: (credentials: Credentials): UsaKiaAccount => {
      const account = new UsaKiaAccount(this.#withCars(credentials, 'kia', 'usa'));
      this.#kia.accounts.push(account);
      return account;
    },
    /** Region 3, brand 2. */
    usaHyundai: (credentials: Credentials & { readonly pin: string }): UsaHyundaiAccount => {
      const { pin } = credentials;
      const account = new UsaHyundaiAccount({
        ...this.#withCars(credentials, 'hyundai', 'usa'),
        pin,
      });
      this.#hyundai.accounts.push(account);
      return account;
    },
    /** Region 5, all brands, and region 7, whose Kias are at the same server. */
    australia: (credentials: CcspCredentials<'hyundai' | 'kia' | 'genesis'>): CcspAccount =>
      this.#ccspAccount(this.#australia, credentials),
    /** Region 8, brand 2. */
    brazil: (credentials: Omit<CcspCredentials<'hyundai'>, 'protocol'>): CcspAccount =>
      this.#ccspAccount(this.#brazil, credentials),
    /** Region 4, brands 1 and 2. */
    china: (credentials: Omit<CcspCredentials<'hyundai' | 'kia'>, 'protocol'>): CcspAccount =>
      this.#ccspAccount(this.#china, credentials),
    /** Region 6, brands 1 and 2. */
    india: (credentials: CcspCredentials<'hyundai' | 'kia'>): CcspAccount =>
      this.#ccspAccount(this.#india, credentials),
    /** Region 1, all brands. The same account is known in region 9 too. */
    europe: (credentials: EuropeCredentials<EuropeBrand>): EuropeAccount =>
      this.#europeAccount(credentials),
    /** Region 9, brands 1 and 2. */
    europeCci: (credentials: EuropeCredentials<'hyundai' | 'kia'>): EuropeAccount =>
      this.#europeAccount(credentials),
  };

  fault(fault: Fault): FaultHandle {
    return this.#faults.add(fault);
  }

  /** Whatever fits waits, from now until `release`, before it is answered or has any effect. */
  hold(which: Omit<Fault, 'effect'>): { readonly release: () => void } {
    let letGo: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (letGo = resolve));
    const fault = this.fault({ ...which, effect: { is: 'held', until } });
    return {
      release: () => {
        fault.clear();
        letGo();
      },
    };
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** The whole cloud is away: connections are refused. */
  async down(): Promise<void> {
    await this.#server.stop();
  }

  /** The cloud is back at the same address. */
  async up(): Promise<void> {
    await this.#server.start(this.#port === 0 ? await freePort() : this.#port);
    this.#port = this.#server.port;
    await this.#server.forAnyRequest().thenPassThrough({
      beforeRequest: async (request) => {
        const reply = await this.#answer(request);
        if (typeof reply !== 'string' && 'unfinished' in reply) {
          return { method: 'GET', body: '', url: this.#unfinished.urlOf(reply) };
        }
        if (typeof reply === 'string') return { response: reply };
        const { status, headers, body } = reply;
        return { response: { statusCode: status, headers: { ...headers }, body } };
      },
    });
  }

  async stop(): Promise<void> {
    for (const maker of this.#makers) maker.stop();
    await this.#server.stop();
    await this.#unfinished.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answer(raw: CompletedRequest): Promise<FaultyReply> {
    const request = await readRequest(raw);
    const maker = this.#makers.find(({ hosts }) => hosts.includes(request.host));
    const found = maker?.route(request) ?? nobody;
    const isOver = found.quota?.spend() === false;
    const route = isOver ? refusingAll(found) : found;
    const entry = this.requests.begin(request, route, isOver);
    keepSecretsOf(request.headers, request.text);
    const reply = await this.#faults.answer(request, route);
    const isWhole = typeof reply !== 'string' && !('unfinished' in reply);
    if (isWhole) keepSecretsOf(reply.headers, reply.body);
    this.requests.end(entry, isWhole ? reply.status : null);
    return reply;
  }

  #ccspAccount(maker: Ccsp, credentials: CcspCredentials<CcspBrand>): CcspAccount {
    const { brand, pin, protocol = 'legacy' } = credentials;
    const parts = this.#withCars(credentials, brand, maker.regionName);
    return maker.addAccount({ ...parts, pin, protocol }, brand);
  }

  #europeAccount(credentials: EuropeCredentials<EuropeBrand>): EuropeAccount {
    const { brand } = credentials;
    return this.#europe.add({ ...credentials, ...this.#withCars(credentials, brand, 'europe') });
  }

  #withCars(credentials: Credentials, brand: string, region: string) {
    const { username, password, cars, seed = 7 } = credentials;
    const now = this.#clock;
    keepSecret(password, 'pin' in credentials ? String(credentials.pin) : undefined);
    return { username, password, now, cars: carsOf(cars, { brand, region, seed, now }) };
  }
}

export function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  return Cloud.start(options);
}

const notFound = () => json({ message: 'the fake cloud does not know this host' }, 404);

const nobody: Route = {
  operation: 'unknown',
  account: null,
  vehicle: null,
  quota: undefined,
  answer: notFound,
  sessionRevoked: notFound,
  rateLimited: notFound,
};

/** The same place for an account whose requests of the day are used up: nothing has an effect any more. */
function refusingAll(route: Route): Route {
  return { ...route, answer: () => route.rateLimited(route.quota?.status ?? 200) };
}

async function readRequest(raw: CompletedRequest): Promise<CloudRequest> {
  const url = new URL(raw.url);
  const text = (await raw.body.getText()) ?? '';
  return {
    method: raw.method,
    host: url.hostname,
    path: url.pathname,
    query: url.searchParams,
    headers: Object.fromEntries(
      Object.entries(raw.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    body: parsed(text),
    text,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
