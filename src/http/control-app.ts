import { createApp, type AppOptions, type HttpApp } from './app.js';
import type { App } from './route.js';

/** What is answered on the control socket. */
export function createControlApp(options: Omit<AppOptions, 'guard'>): HttpApp {
  return createApp({ ...options, guard: fullAccess });
}

/** Whoever can open the control socket is the daemon's own user, and may do everything. */
function fullAccess(app: App): void {
  app.use((c, next) => {
    c.set('access', 'full');
    return next();
  });
}
