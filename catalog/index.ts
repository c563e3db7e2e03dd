/** The catalogue: every service and every event. Read this first. */
import { agentsEvents, agentsServices } from './agents/index.ts';
import { commerceCommands, commerceEvents, commerceServices } from './commerce/index.ts';
import { coreEvents, coreServices } from './core.ts';
import { generationEvents, generationServices } from './generation/index.ts';
import { jobsEvents, jobsServices } from './jobs/index.ts';

export * from './adapters.ts';
export * from './agents/index.ts';
export * from './commerce/index.ts';
export * from './consumed.ts';
export * from './control-plane.ts';
export * from './core-api.ts';
export * from './core.ts';
export * from './generation/index.ts';
export * from './jobs/index.ts';

/** Of all systems; each system's own lists are `coreEvents`, `commerceEvents` and so on. */
export const services = [
  ...coreServices,
  ...commerceServices,
  ...jobsServices,
  ...generationServices,
  ...agentsServices,
] as const;
export const events = [
  ...coreEvents,
  ...commerceEvents,
  ...commerceCommands,
  ...jobsEvents,
  ...generationEvents,
  ...agentsEvents,
] as const;
