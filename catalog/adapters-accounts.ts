/** What third parties tell about accounts, and about our app there; and whatever has no event of its own. */
import * as z from 'zod/mini';
import { event } from '../lib/contracts/index.ts';
import {
  exampleOrigin,
  inRepository,
  fromThirdParty,
  origin,
  perhapsInRepository,
} from './adapters-origin.ts';

export const AccessChanged = event('AccessChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'Who may do what at the third party changed: members, teams, keys, blocks.',
  data: z.object({
    ...perhapsInRepository,
    kind: z.enum(['member', 'membership', 'organization', 'block', 'team', 'deploy-key', 'authorization']),
    subjectUserId: z.nullable(z.string()),
  }),
  priority: 'high',
  traffic: { peakPerSecond: 5, averageBytes: 900 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'repository:186853002',
      change: 'added',
      kind: 'member',
      subjectUserId: '6752317',
    },
  ],
});

export const InstallationChanged = event('InstallationChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'Our app was installed at a third party, changed there, suspended or removed.',
  data: z.object({ ...origin, installationId: z.string(), accountId: z.nullable(z.string()) }),
  traffic: { peakPerSecond: 2, averageBytes: 850 },
  examples: [
    {
      provider: 'github',
      deliveryId: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      subject: 'installation:957387',
      change: 'created',
      actor: { id: '21031067', login: 'Codertocat' },
      installationId: '957387',
      accountId: '21031067',
    },
  ],
});

export const RepositoryConnected = event('RepositoryConnected', {
  version: '1.0',
  ...fromThirdParty,
  description: 'Our app may now see a repository; one event for each repository of an installation.',
  data: z.object({ ...inRepository, installationId: z.string() }),
  traffic: { peakPerSecond: 5, averageBytes: 850 },
  examples: [
    { ...exampleOrigin, subject: 'repository:186853002', change: 'added', installationId: '957387' },
  ],
});

export const RepositoryDisconnected = event('RepositoryDisconnected', {
  version: '1.0',
  ...fromThirdParty,
  description: 'Our app may no longer see a repository.',
  data: z.object({ ...inRepository, installationId: z.string() }),
  traffic: { peakPerSecond: 5, averageBytes: 850 },
  examples: [
    { ...exampleOrigin, subject: 'repository:186853002', change: 'removed', installationId: '957387' },
  ],
});

export const WebhookReceived = event('WebhookReceived', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A genuine webhook that has no event of its own yet. Its payload is kept in PostgreSQL.',
  data: z.object({ ...perhapsInRepository, webhookEvent: z.string(), payloadBytes: z.number() }),
  traffic: { peakPerSecond: 5, averageBytes: 850 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'webhook:ping',
      change: 'received',
      webhookEvent: 'ping',
      payloadBytes: 6532,
    },
  ],
});
