/** The events of the generation system: images made by a provider, whose completion is pushed to browsers. */
import {
  GenerationComplete,
  GenerationFailed,
  GenerationRequested,
  Generations,
  UserErased,
} from './generations.ts';

export * from './consumed.ts';
export * from './generations.ts';

export const generationServices = [Generations] as const;
export const generationEvents = [
  GenerationRequested,
  GenerationComplete,
  UserErased,
  GenerationFailed,
] as const;
