import { findBluelinky } from '../../backends/bluelinky/installed.js';
import { findEnvironmentPython } from '../../backends/hyundai-kia-connect/environment.js';
import { greet } from '../../backends/hyundai-kia-connect/greet.js';
import { probeInterpreter } from '../../backends/hyundai-kia-connect/interpreters.js';
import type { Config } from '../../config/schema.js';
import type { Check } from './finding.js';
import { judgeLibrary } from './judge-library.js';

/** A little more than the sidecar is given to say its first word. */
const python_ms = 140_000;

/** The interpreter and the vendor library of the accounts that need them. */
export function libraryChecks(config: Config): Check[] {
  const backends = new Set(config.accounts.map(({ backend }) => backend));
  return [
    // Without any they come later, from a folder or from the fleet.
    ...(backends.size === 0 || backends.has('hyundai-kia-connect') ? [pythonCheck(config)] : []),
    ...(backends.has('bluelinky') ? [bluelinkyCheck(config)] : []),
  ];
}

function pythonCheck(config: Config): Check {
  return {
    what: 'python',
    limit_ms: python_ms,
    look: async (tell) => {
      const isOurs = config.python === 'auto';
      const python = isOurs ? findEnvironmentPython(config.state_dir) : config.python;
      if (python === undefined) {
        const found = `there is no Python environment in ${config.state_dir} yet`;
        tell('fault', found, '`bluelink2mqtt setup` with the same configuration makes it');
        return;
      }
      const mend = isOurs
        ? '`bluelink2mqtt setup` makes the environment anew'
        : 'name another interpreter in `python`, or take `python: auto`';
      const interpreter = await probeInterpreter(python);
      if (interpreter === undefined) {
        tell('fault', `${python} is no Python that runs`, mend);
        return;
      }
      // It may wait long for a slow card; the interpreter itself has answered.
      const hello = await greet(python);
      if (typeof hello === 'string') {
        tell('fault', `the sidecar does not start with ${python}: ${hello}`, mend);
        return;
      }
      tell('ok', `Python ${hello.python}, ${python}`);
      const accounts = config.accounts.filter(({ backend }) => backend === 'hyundai-kia-connect');
      tell.of('library')(...judgeLibrary(hello, interpreter.version[1], accounts));
    },
  };
}

function bluelinkyCheck(config: Config): Check {
  return {
    what: 'bluelinky',
    limit_ms: 5000,
    look: (tell) => {
      const installed = findBluelinky(config.state_dir);
      if (installed.is === 'there') tell('ok', `bluelinky ${installed.version}`);
      else tell('fault', installed.reason);
      return Promise.resolve();
    },
  };
}
