/** The catalogue: every service and every event. Read this first. */
import { adaptersEvents, Adapters } from './adapters.ts';
import { controlPlaneEvents, ControlPlane } from './control-plane.ts';
import { coreApiEvents, CoreApi } from './core-api.ts';

export * from './adapters.ts';
export * from './consumed.ts';
export * from './control-plane.ts';
export * from './core-api.ts';

export const services = [CoreApi, Adapters, ControlPlane] as const;
export const events = [...coreApiEvents, ...adaptersEvents, ...controlPlaneEvents] as const;
