/** What third parties tell about code: pushes, branches, pull requests, releases, repositories. */
import * as z from 'zod/mini';
import { event } from '../lib/contracts/index.ts';
import { exampleOrigin, fromThirdParty, inRepository, perhapsInRepository } from './adapters-origin.ts';

export const CodePushed = event('CodePushed', {
  version: '1.0',
  ...fromThirdParty,
  description: 'Commits arrived on a branch or a tag.',
  data: z.object({
    ...inRepository,
    ref: z.string(),
    before: z.string(),
    after: z.string(),
    commitCount: z.number(),
    forced: z.boolean(),
    toDefaultBranch: z.boolean(),
  }),
  traffic: { peakPerSecond: 60, averageBytes: 1100 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'repository:186853002',
      change: 'pushed',
      ref: 'refs/heads/main',
      before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
      after: '76ae82c7b1a177c8d03f9e96e0adf2466113728f',
      commitCount: 3,
      forced: false,
      toDefaultBranch: true,
    },
  ],
});

export const ReferenceChanged = event('ReferenceChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A branch or tag was created or deleted.',
  data: z.object({
    ...inRepository,
    kind: z.enum(['branch', 'tag', 'repository']),
    ref: z.nullable(z.string()),
  }),
  traffic: { peakPerSecond: 10, averageBytes: 900 },
  examples: [
    { ...exampleOrigin, subject: 'repository:186853002', change: 'created', kind: 'tag', ref: 'v1.0.0' },
  ],
});

export const PullRequestChanged = event('PullRequestChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A pull request was opened, changed, closed or merged.',
  data: z.object({
    ...inRepository,
    pullRequestId: z.string(),
    number: z.number(),
    title: z.string(),
    state: z.enum(['open', 'closed', 'merged']),
    draft: z.boolean(),
    headSha: z.string(),
    updatedAt: z.string(),
  }),
  traffic: { peakPerSecond: 40, averageBytes: 1200 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'pull-request:279147437',
      change: 'opened',
      pullRequestId: '279147437',
      number: 2,
      title: 'Update the README with new information.',
      state: 'open',
      draft: false,
      headSha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821',
      updatedAt: '2019-05-15T15:20:33Z',
    },
  ],
});

export const PullRequestReviewed = event('PullRequestReviewed', {
  version: '1.0',
  ...fromThirdParty,
  description: 'Somebody reviewed a pull request, or discussed a line of it.',
  data: z.object({
    ...inRepository,
    pullRequestId: z.string(),
    number: z.number(),
    kind: z.enum(['review', 'comment', 'thread']),
    verdict: z.nullable(z.string()),
  }),
  traffic: { peakPerSecond: 40, averageBytes: 1000 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'pull-request:279147437',
      change: 'submitted',
      pullRequestId: '279147437',
      number: 2,
      kind: 'review',
      verdict: 'approved',
    },
  ],
});

export const ReleaseChanged = event('ReleaseChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A release or a package was published, changed or withdrawn.',
  data: z.object({
    ...perhapsInRepository,
    kind: z.enum(['release', 'package']),
    itemId: z.string(),
    name: z.string(),
    version: z.nullable(z.string()),
    prerelease: z.boolean(),
    updatedAt: z.nullable(z.string()),
  }),
  traffic: { peakPerSecond: 5, averageBytes: 1000 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'release:17372790',
      change: 'published',
      kind: 'release',
      itemId: '17372790',
      name: '0.0.1',
      version: '0.0.1',
      prerelease: false,
      updatedAt: '2019-05-15T15:20:53Z',
    },
  ],
});

export const RepositoryChanged = event('RepositoryChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A repository was created, renamed, moved, forked, starred, made public or protected.',
  data: z.object({ ...inRepository, defaultBranch: z.nullable(z.string()) }),
  traffic: { peakPerSecond: 15, averageBytes: 850 },
  examples: [
    { ...exampleOrigin, subject: 'repository:186853002', change: 'publicized', defaultBranch: 'main' },
  ],
});
