/** What every event of `adapters` has in common: which delivery of which third party told it, and about what. */
import * as z from 'zod/mini';
import { service } from '../lib/contracts/index.ts';

export const Adapters = service('adapters', {
  description: 'Receives webhooks of third parties and tells the rest what they mean.',
});

/** A group id has 128 characters, the tenant and `#` included: 64 + 1 + 60 fits. */
const SUBJECT_MAX_LENGTH = 60;

/** What every event of a third party carries. Logins are personal data; ids are not names. */
export const origin = {
  provider: z.literal('github'),
  deliveryId: z.string(),
  subject: z.string().check(z.minLength(1), z.maxLength(SUBJECT_MAX_LENGTH)),
  /** The third party's own word for what happened, such as `opened`. */
  change: z.string(),
  actor: z.nullable(z.object({ id: z.string(), login: z.string() })),
};
const Repository = z.object({ id: z.string(), fullName: z.string(), private: z.boolean() });
export const inRepository = { ...origin, repository: Repository };
export const perhapsInRepository = { ...origin, repository: z.nullable(Repository) };
/** What every declaration of such an event says. */
export const fromThirdParty = {
  source: Adapters.source,
  orderingKey: 'subject',
  pii: ['actor.login'],
} as const;

export const exampleOrigin = {
  provider: 'github' as const,
  deliveryId: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  actor: { id: '21031067', login: 'Codertocat' },
  repository: { id: '186853002', fullName: 'Codertocat/Hello-World', private: false },
};
