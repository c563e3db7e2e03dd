/** What third parties tell about work: issues, talk, planning, builds, deployments, alerts. */
import * as z from 'zod/mini';
import { event } from '../lib/contracts/index.ts';
import { exampleOrigin, fromThirdParty, inRepository, perhapsInRepository } from './adapters-origin.ts';

export const IssueChanged = event('IssueChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'An issue was opened, changed, moved or closed.',
  data: z.object({
    ...inRepository,
    issueId: z.string(),
    number: z.number(),
    title: z.string(),
    state: z.enum(['open', 'closed']),
    labels: z.array(z.string()),
    updatedAt: z.string(),
  }),
  traffic: { peakPerSecond: 40, averageBytes: 1200 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'issue:444500041',
      change: 'opened',
      issueId: '444500041',
      number: 1,
      title: 'Spelling error in the README file',
      state: 'open',
      labels: ['bug'],
      updatedAt: '2019-05-15T15:20:18Z',
    },
  ],
});

export const CommentChanged = event('CommentChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A comment on an issue, a commit or a discussion was written, edited or deleted.',
  data: z.object({
    ...inRepository,
    commentId: z.string(),
    on: z.enum(['issue', 'commit', 'discussion']),
    characters: z.number(),
  }),
  traffic: { peakPerSecond: 60, averageBytes: 950 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'issue:444500041',
      change: 'created',
      commentId: '492700400',
      on: 'issue',
      characters: 67,
    },
  ],
});

export const DiscussionChanged = event('DiscussionChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A discussion was opened, answered, moved or locked.',
  data: z.object({
    ...inRepository,
    discussionId: z.string(),
    number: z.number(),
    title: z.string(),
    state: z.string(),
    updatedAt: z.string(),
  }),
  traffic: { peakPerSecond: 10, averageBytes: 1100 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'discussion:3297442',
      change: 'created',
      discussionId: '3297442',
      number: 90,
      title: 'Welcome to discussions!',
      state: 'open',
      updatedAt: '2021-04-09T19:21:47Z',
    },
  ],
});

export const PlanningChanged = event('PlanningChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A label, milestone, project board or one of its cards changed.',
  data: z.object({
    ...perhapsInRepository,
    kind: z.enum(['label', 'milestone', 'project', 'project-card', 'project-column', 'project-item']),
    itemId: z.string(),
    title: z.nullable(z.string()),
  }),
  traffic: { peakPerSecond: 10, averageBytes: 950 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'label:1362937026',
      change: 'created',
      kind: 'label',
      itemId: '1362937026',
      title: ':bug: Bugfix',
    },
  ],
});

export const BuildChanged = event('BuildChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A build, check, status or workflow was asked for, runs, or ended.',
  data: z.object({
    ...inRepository,
    kind: z.enum([
      'check-run',
      'check-suite',
      'status',
      'workflow-run',
      'workflow-job',
      'page',
      'dispatch',
      'merge-group',
    ]),
    name: z.nullable(z.string()),
    sha: z.nullable(z.string()),
    /** `pending` until it ended. */
    outcome: z.enum(['pending', 'success', 'failure', 'cancelled', 'neutral']),
  }),
  traffic: { peakPerSecond: 120, averageBytes: 1000 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'check-run:128620228',
      change: 'completed',
      kind: 'check-run',
      name: 'Octocoders-linter',
      sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821',
      outcome: 'success',
    },
  ],
});

export const DeploymentChanged = event('DeploymentChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A deployment was asked for, waits for approval, runs, or ended.',
  data: z.object({
    ...inRepository,
    deploymentId: z.nullable(z.string()),
    environment: z.string(),
    state: z.string(),
  }),
  traffic: { peakPerSecond: 10, averageBytes: 950 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'deployment:145988746',
      change: 'created',
      deploymentId: '145988746',
      environment: 'production',
      state: 'success',
    },
  ],
});

export const SecurityAlertChanged = event('SecurityAlertChanged', {
  version: '1.0',
  ...fromThirdParty,
  description: 'A weakness was found in code or in a dependency, or an earlier one was dealt with.',
  data: z.object({
    ...perhapsInRepository,
    kind: z.enum(['code', 'dependency', 'advisory']),
    alertId: z.string(),
    severity: z.nullable(z.string()),
    advisory: z.nullable(z.string()),
  }),
  priority: 'high',
  traffic: { peakPerSecond: 5, averageBytes: 1000 },
  examples: [
    {
      ...exampleOrigin,
      subject: 'code-alert:186853002/10',
      change: 'created',
      kind: 'code',
      alertId: '10',
      severity: 'error',
      advisory: null,
    },
  ],
});
