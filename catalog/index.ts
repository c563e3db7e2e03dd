/** The catalogue: every service and every event. Read this first. */
import { commerceCommands, commerceEvents, commerceServices } from './commerce/index.ts';
import { coreEvents, coreServices } from './core.ts';

export * from './adapters.ts';
export * from './commerce/index.ts';
export * from './consumed.ts';
export * from './control-plane.ts';
export * from './core-api.ts';
export * from './core.ts';

/** Of all systems; each system's own lists are `coreEvents`, `commerceEvents` and so on. */
export const services = [...coreServices, ...commerceServices] as const;
export const events = [...coreEvents, ...commerceEvents, ...commerceCommands] as const;
