import { pythonWithShortSleeps } from '../support/short-sleeps.js';
import { describeRegions } from './region-suite.js';
import { type RegionWorld, withLifetime } from './region-world.js';

const oauth = {
  signIn: ['register', 'sign_in_step', 'sign_in', 'sign_in_step'],
  renewal: ['refresh'],
  cached: ['cached', 'detail', 'detail', 'detail'],
} as const;

const indiaForce = ['force', 'detail', 'detail', 'detail', 'detail'] as const;

const signInToChina = [
  'sign_in_step',
  'sign_in_step',
  'sign_in',
  'sign_in_step',
  'register',
] as const;

const china = {
  region: 'china',
  signIn: signInToChina,
  renewal: ['refresh', 'sign_in_step'],
  // By a cookie, which goes with the process.
  renewalAfterRestart: ['refresh', ...signInToChina],
  cached: ['cached', 'detail', 'detail'],
  force: ['force', 'detail', 'detail', 'detail', 'cached', 'detail', 'detail'],
} as const;

const worlds: readonly RegionWorld[] = [
  {
    ...oauth,
    name: 'new-zealand',
    region: 'new-zealand',
    brand: 'kia',
    // The server of Australia.
    add: (cloud, credentials) =>
      withLifetime(cloud.accounts.australia({ ...credentials, brand: 'kia' })),
    force: ['force', 'detail', 'detail', 'detail', ...oauth.cached],
  },
  {
    ...oauth,
    name: 'india-hyundai',
    region: 'india',
    brand: 'hyundai',
    add: (cloud, credentials) =>
      withLifetime(cloud.accounts.india({ ...credentials, brand: 'hyundai' })),
    force: [...indiaForce, ...oauth.cached],
    untold: ['aux_battery', 'phev_limits'],
  },
  {
    ...oauth,
    name: 'india-kia',
    region: 'india',
    brand: 'kia',
    add: (cloud, credentials) =>
      withLifetime(cloud.accounts.india({ ...credentials, brand: 'kia', protocol: 'ccs2' })),
    force: indiaForce,
    untold: ['aux_battery', 'phev_limits', 'woken_odometer'],
  },
  {
    ...china,
    name: 'china-hyundai',
    brand: 'hyundai',
    add: (cloud, credentials) =>
      withLifetime(cloud.accounts.china({ ...credentials, brand: 'hyundai' })),
  },
  {
    ...china,
    name: 'china-kia',
    brand: 'kia',
    add: (cloud, credentials) =>
      withLifetime(cloud.accounts.china({ ...credentials, brand: 'kia' })),
  },
  {
    name: 'brazil',
    region: 'brazil',
    brand: 'hyundai',
    add: (cloud, credentials) =>
      withLifetime(cloud.accounts.brazil({ ...credentials, brand: 'hyundai' })),
    signIn: ['sign_in_step', 'sign_in', 'sign_in_step', 'register'],
    renewal: ['refresh'],
    cached: ['cached'],
    // The wake is only taken: the client looks before and after it.
    force: ['cached', 'force', 'cached'],
    untold: ['idle_target'],
  },
];

describeRegions('accounts in New Zealand, India, China and Brazil', worlds, {
  // A forced refresh in Brazil waits for the car.
  python: () => pythonWithShortSleeps(0.02),
});
