/** Which events the consumers of the generation system get: handlers and stacks take the same list. */
import { GenerationComplete, GenerationFailed, GenerationRequested, UserErased } from './generations.ts';

/** `generation-starter`: orders images from the provider. Opens personal data. */
export const generationStartingEvents = [GenerationRequested] as const;

/** `generation-notifier`: what users are told at once, and when to forget it. Opens personal data. */
export const generationNotifierEvents = [GenerationComplete, UserErased] as const;

/** `error-notifications`: what people have to look at. */
export const errorNotificationEvents = [GenerationFailed] as const;
