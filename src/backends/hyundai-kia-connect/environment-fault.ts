import { versionText } from './interpreters.js';
import type { Interpreter } from './interpreters.js';

/** Why there is no Python environment, and what a person can do about it. The message is all there is to show. */
export class EnvironmentFault extends Error {
  override readonly name = 'EnvironmentFault';

  /** The same, where the environment that is there goes on. */
  leaving(library: string): EnvironmentFault {
    const then = this.message.includes('\n') ? '\n' : '; ';
    return new EnvironmentFault(
      `${this.message}${then}the environment stays as it was, with ${library}`,
    );
  }

  static noPython(): EnvironmentFault {
    return new EnvironmentFault(
      'no Python 3.10 to 3.14 was found; install one (Debian, Ubuntu, Raspberry Pi OS: `sudo apt install python3 python3-venv`; ' +
        'Fedora: `sudo dnf install python3`; Alpine: `apk add python3`) or name one with --python',
    );
  }

  static noVenv(interpreter: Interpreter, output = ''): EnvironmentFault {
    const [major, minor] = interpreter.version;
    const said = output === '' ? '' : `\n${output}`;
    return new EnvironmentFault(
      `${interpreter.file} (Python ${versionText(interpreter)}) cannot make a virtual environment: ` +
        `\`sudo apt install python3-venv\` (or python${major}.${minor}-venv) on Debian, Ubuntu and Raspberry Pi OS${said}`,
    );
  }

  static tooOld(interpreter: Interpreter): EnvironmentFault {
    return new EnvironmentFault(
      `${interpreter.file} is Python ${versionText(interpreter)}, expected 3.10 or newer`,
    );
  }
}
