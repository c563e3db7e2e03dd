/**
 * What `adapters` publishes: what happened at a third party, in our words. Every event names its `subject`,
 * an opaque id such as `issue:444500041`; events of one subject are kept in order.
 */
import * as z from 'zod/mini';
import { event, service } from '../lib/contracts/index.ts';

export const Adapters = service('adapters', {
  description: 'Receives webhooks of third parties and tells the rest what they mean.',
});

/** A group id has 128 characters, the tenant and `#` included: 64 + 1 + 60 fits. */
const SUBJECT_MAX_LENGTH = 60;

/** What every event of a third party carries. Logins are personal data; ids are not names. */
const origin = {
  provider: z.literal('github'),
  deliveryId: z.string(),
  subject: z.string().check(z.minLength(1), z.maxLength(SUBJECT_MAX_LENGTH)),
  /** The third party's own word for what happened, such as `opened`. */
  change: z.string(),
  actor: z.nullable(z.object({ id: z.string(), login: z.string() })),
};
const Repository = z.object({ id: z.string(), fullName: z.string(), private: z.boolean() });
const inRepository = { ...origin, repository: Repository };
const perhapsInRepository = { ...origin, repository: z.nullable(Repository) };
const ORIGIN_PII = ['actor.login'] as const;

const exampleOrigin = {
  provider: 'github' as const,
  deliveryId: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  actor: { id: '21031067', login: 'Codertocat' },
  repository: { id: '186853002', fullName: 'Codertocat/Hello-World', private: false },
};

export const CodePushed = event('CodePushed', {
  version: '1.0',
  source: Adapters.source,
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
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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
  source: Adapters.source,
  description: 'A branch or tag was created or deleted.',
  data: z.object({
    ...inRepository,
    kind: z.enum(['branch', 'tag', 'repository']),
    ref: z.nullable(z.string()),
  }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
  traffic: { peakPerSecond: 10, averageBytes: 900 },
  examples: [
    { ...exampleOrigin, subject: 'repository:186853002', change: 'created', kind: 'tag', ref: 'v1.0.0' },
  ],
});

export const PullRequestChanged = event('PullRequestChanged', {
  version: '1.0',
  source: Adapters.source,
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
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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
  source: Adapters.source,
  description: 'Somebody reviewed a pull request, or discussed a line of it.',
  data: z.object({
    ...inRepository,
    pullRequestId: z.string(),
    number: z.number(),
    kind: z.enum(['review', 'comment', 'thread']),
    verdict: z.nullable(z.string()),
  }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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

export const IssueChanged = event('IssueChanged', {
  version: '1.0',
  source: Adapters.source,
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
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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
  source: Adapters.source,
  description: 'A comment on an issue, a commit or a discussion was written, edited or deleted.',
  data: z.object({
    ...inRepository,
    commentId: z.string(),
    on: z.enum(['issue', 'commit', 'discussion']),
    characters: z.number(),
  }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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
  source: Adapters.source,
  description: 'A discussion was opened, answered, moved or locked.',
  data: z.object({
    ...inRepository,
    discussionId: z.string(),
    number: z.number(),
    title: z.string(),
    state: z.string(),
    updatedAt: z.string(),
  }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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
  source: Adapters.source,
  description: 'A label, milestone, project board or one of its cards changed.',
  data: z.object({
    ...perhapsInRepository,
    kind: z.enum(['label', 'milestone', 'project', 'project-card', 'project-column', 'project-item']),
    itemId: z.string(),
    title: z.nullable(z.string()),
  }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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
  source: Adapters.source,
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
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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
  source: Adapters.source,
  description: 'A deployment was asked for, waits for approval, runs, or ended.',
  data: z.object({
    ...inRepository,
    deploymentId: z.nullable(z.string()),
    environment: z.string(),
    state: z.string(),
  }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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

export const ReleaseChanged = event('ReleaseChanged', {
  version: '1.0',
  source: Adapters.source,
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
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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

export const SecurityAlertChanged = event('SecurityAlertChanged', {
  version: '1.0',
  source: Adapters.source,
  description: 'A weakness was found in code or in a dependency, or an earlier one was dealt with.',
  data: z.object({
    ...perhapsInRepository,
    kind: z.enum(['code', 'dependency', 'advisory']),
    alertId: z.string(),
    severity: z.nullable(z.string()),
    advisory: z.nullable(z.string()),
  }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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

export const AccessChanged = event('AccessChanged', {
  version: '1.0',
  source: Adapters.source,
  description: 'Who may do what at the third party changed: members, teams, keys, blocks.',
  data: z.object({
    ...perhapsInRepository,
    kind: z.enum(['member', 'membership', 'organization', 'block', 'team', 'deploy-key', 'authorization']),
    subjectUserId: z.nullable(z.string()),
  }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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

export const RepositoryChanged = event('RepositoryChanged', {
  version: '1.0',
  source: Adapters.source,
  description: 'A repository was created, renamed, moved, forked, starred, made public or protected.',
  data: z.object({ ...inRepository, defaultBranch: z.nullable(z.string()) }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
  traffic: { peakPerSecond: 15, averageBytes: 850 },
  examples: [
    { ...exampleOrigin, subject: 'repository:186853002', change: 'publicized', defaultBranch: 'main' },
  ],
});

export const InstallationChanged = event('InstallationChanged', {
  version: '1.0',
  source: Adapters.source,
  description: 'Our app was installed at a third party, changed there, suspended or removed.',
  data: z.object({ ...origin, installationId: z.string(), accountId: z.nullable(z.string()) }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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
  source: Adapters.source,
  description: 'Our app may now see a repository; one event for each repository of an installation.',
  data: z.object({ ...inRepository, installationId: z.string() }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
  traffic: { peakPerSecond: 5, averageBytes: 850 },
  examples: [
    { ...exampleOrigin, subject: 'repository:186853002', change: 'added', installationId: '957387' },
  ],
});

export const RepositoryDisconnected = event('RepositoryDisconnected', {
  version: '1.0',
  source: Adapters.source,
  description: 'Our app may no longer see a repository.',
  data: z.object({ ...inRepository, installationId: z.string() }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
  traffic: { peakPerSecond: 5, averageBytes: 850 },
  examples: [
    { ...exampleOrigin, subject: 'repository:186853002', change: 'removed', installationId: '957387' },
  ],
});

export const WebhookReceived = event('WebhookReceived', {
  version: '1.0',
  source: Adapters.source,
  description: 'A genuine webhook that has no event of its own yet. Its payload is kept in PostgreSQL.',
  data: z.object({ ...perhapsInRepository, webhookEvent: z.string(), payloadBytes: z.number() }),
  orderingKey: 'subject',
  pii: ORIGIN_PII,
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

export const adaptersEvents = [
  CodePushed,
  ReferenceChanged,
  PullRequestChanged,
  PullRequestReviewed,
  IssueChanged,
  CommentChanged,
  DiscussionChanged,
  PlanningChanged,
  BuildChanged,
  DeploymentChanged,
  ReleaseChanged,
  SecurityAlertChanged,
  AccessChanged,
  RepositoryChanged,
  InstallationChanged,
  RepositoryConnected,
  RepositoryDisconnected,
  WebhookReceived,
] as const;
