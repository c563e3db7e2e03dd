/** What the service of generated images publishes: that one is ordered, how it stands, and what went wrong. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';

export const Generations = service('generations', {
  source: 'generation.images',
  description: 'Images that are generated from a prompt, by a provider that answers later.',
});

/** Opaque. With the tenant and `#` an ordering key fits the 128 characters of a message group id. */
const ID_MAX_LENGTH = 60;
export const GenerationId = z.string().check(z.minLength(1), z.maxLength(ID_MAX_LENGTH));

/** Pixels of one side. */
const MAX_SIDE = 8192;
export const Side = z.number().check(z.int(), z.minimum(1), z.maximum(MAX_SIDE));

/** `COMPLETE` and `ERROR` are ends: a generation never leaves them. */
export const GenerationStatus = z.enum(['PENDING', 'COMPLETE', 'ERROR']);
export type GenerationStatus = z.infer<typeof GenerationStatus>;

const example = {
  generationId: 'gen_0193a7c4d2f07b1e9a5c',
  userId: 'usr_7f1c',
  prompt: 'A lighthouse at dawn, oil on canvas',
};

export const GenerationRequested = event('GenerationRequested', {
  version: '1.0',
  source: Generations.source,
  description: 'Somebody wants an image; it is to be ordered from the provider.',
  data: z.object({
    generationId: GenerationId,
    userId: GenerationId,
    prompt: z.string().check(z.minLength(1)),
    model: z.string(),
    width: Side,
    height: Side,
  }),
  orderingKey: 'userId',
  pii: ['prompt'],
  dataSubject: 'userId',
  traffic: { peakPerSecond: 100, averageBytes: 1000 },
  examples: [{ ...example, model: 'image-small', width: 1024, height: 768 }],
});

export const GenerationComplete = event('GenerationComplete', {
  version: '1.0',
  source: Generations.source,
  description: 'A generation as it stands after the word of its provider: under way, done, or failed.',
  data: z.object({
    generationId: GenerationId,
    userId: GenerationId,
    prompt: z.string().check(z.minLength(1)),
    status: GenerationStatus,
    /** Null unless it is complete. */
    imageUrl: z.nullable(z.string()),
    imageHeight: z.nullable(Side),
    imageWidth: z.nullable(Side),
    /** The provider's name of what makes the image. */
    coreModel: z.string(),
    /** ISO 8601, of the generation. */
    createdAt: z.string(),
    updatedAt: z.string(),
  }),
  orderingKey: 'userId',
  pii: ['prompt'],
  dataSubject: 'userId',
  traffic: { peakPerSecond: 150, averageBytes: 1400 },
  examples: [
    {
      ...example,
      status: 'COMPLETE',
      imageUrl: 'https://images.example.com/gen_0193a7c4d2f07b1e9a5c.png',
      imageHeight: 768,
      imageWidth: 1024,
      coreModel: 'image-small-2',
      createdAt: '2026-03-01T09:30:00.000Z',
      updatedAt: '2026-03-01T09:30:12.480Z',
    },
    {
      ...example,
      status: 'ERROR',
      imageUrl: null,
      imageHeight: null,
      imageWidth: null,
      coreModel: 'image-small-2',
      createdAt: '2026-03-01T09:30:00.000Z',
      updatedAt: '2026-03-01T09:30:12.480Z',
    },
  ],
});

export const UserErased = event('UserErased', {
  version: '1.0',
  source: Generations.source,
  description: 'A user was erased: whoever keeps something of the user deletes it.',
  data: z.object({
    userId: GenerationId,
    /** The user, or an admin of the tenant. */
    requestedBy: GenerationId,
  }),
  orderingKey: 'userId',
  traffic: { peakPerSecond: 1, averageBytes: 500 },
  examples: [{ userId: example.userId, requestedBy: example.userId }],
});

export const GenerationFailed = event('GenerationFailed', {
  version: '1.0',
  source: Generations.source,
  description:
    'A generation failed, or what its provider told could not be stored: a person has to look at it.',
  data: z.object({
    /** Null where what was received named none. */
    generationId: z.nullable(GenerationId),
    /** Null where it could not be looked up. */
    userId: z.nullable(GenerationId),
    provider: z.string(),
    /** Stable, such as `CALLBACK_NOT_STORED`. */
    code: z.string(),
    /** In words, and without what the user wrote. */
    reason: z.string(),
    /** ISO 8601. */
    occurredAt: z.string(),
  }),
  priority: 'high',
  traffic: { peakPerSecond: 10, averageBytes: 750 },
  examples: [
    {
      generationId: example.generationId,
      userId: example.userId,
      provider: 'deterministic',
      code: 'PROVIDER_FAILED',
      reason: 'The provider could not make the image: CONTENT_REFUSED.',
      occurredAt: '2026-03-01T09:30:12.480Z',
    },
    {
      generationId: null,
      userId: null,
      provider: 'http',
      code: 'CALLBACK_NOT_STORED',
      reason: 'The database could not be reached in 3 tries.',
      occurredAt: '2026-03-01T09:30:12.480Z',
    },
  ],
});
