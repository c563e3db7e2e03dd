/** The events of the core system. A file of its own, so that its functions carry no other system's events. */
import { adaptersEvents, Adapters } from './adapters.ts';
import { controlPlaneEvents, ControlPlane } from './control-plane.ts';
import { coreApiEvents, CoreApi } from './core-api.ts';

export const coreServices = [CoreApi, Adapters, ControlPlane] as const;
export const coreEvents = [...coreApiEvents, ...adaptersEvents, ...controlPlaneEvents] as const;
