/** GitHub events about code: pushes, branches, pull requests and their reviews, releases, repositories. */
import {
  CodePushed,
  PullRequestChanged,
  PullRequestReviewed,
  ReferenceChanged,
  ReleaseChanged,
  RepositoryChanged,
} from '../../../../catalog/index.ts';
import { mapped } from './mapped.ts';
import type { MappedEvent, WebhookMapper } from './mapped.ts';
import { optionalRepositoryOf, origin, repositoryOf } from './origin.ts';
import type { GitHubWebhook } from './origin.ts';
import {
  flagIn,
  idIn,
  itemsIn,
  numberIn,
  optionalTextIn,
  optionalTimeIn,
  PayloadShapeError,
  textIn,
  timeIn,
} from './payload.ts';

export const codeMappers = {
  push: (webhook) => {
    const { payload } = webhook;
    const repository = repositoryOf(payload);
    const ref = textIn(payload, 'ref');
    return [
      mapped(CodePushed, {
        ...origin(webhook, `repository:${repository.id}`, 'pushed'),
        repository,
        ref,
        before: textIn(payload, 'before'),
        after: textIn(payload, 'after'),
        commitCount: itemsIn(payload, 'commits').length,
        forced: flagIn(payload, 'forced'),
        toDefaultBranch: ref === `refs/heads/${optionalTextIn(payload, 'repository.default_branch')}`,
      }),
    ];
  },
  create: (webhook) => [referenceChanged(webhook, 'created')],
  delete: (webhook) => [referenceChanged(webhook, 'deleted')],
  pull_request: (webhook) => [pullRequestChanged(webhook)],
  pull_request_review: (webhook) => [
    pullRequestReviewed(webhook, 'review', optionalTextIn(webhook.payload, 'review.state')),
  ],
  pull_request_review_comment: (webhook) => [pullRequestReviewed(webhook, 'comment', null)],
  pull_request_review_thread: (webhook) => [pullRequestReviewed(webhook, 'thread', null)],
  release: (webhook) => {
    const { payload } = webhook;
    const itemId = idIn(payload, 'release.id');
    return [
      mapped(ReleaseChanged, {
        ...origin(webhook, `release:${itemId}`),
        repository: repositoryOf(payload),
        kind: 'release',
        itemId,
        name: optionalTextIn(payload, 'release.name') ?? textIn(payload, 'release.tag_name'),
        version: textIn(payload, 'release.tag_name'),
        prerelease: flagIn(payload, 'release.prerelease'),
        updatedAt:
          optionalTimeIn(payload, 'release.published_at') ?? optionalTimeIn(payload, 'release.created_at'),
      }),
    ];
  },
  package: (webhook) => {
    const { payload } = webhook;
    const itemId = idIn(payload, 'package.id');
    return [
      mapped(ReleaseChanged, {
        ...origin(webhook, `package:${itemId}`),
        repository: optionalRepositoryOf(payload),
        kind: 'package',
        itemId,
        name: textIn(payload, 'package.name'),
        version: optionalTextIn(payload, 'package.package_version.version'),
        prerelease: flagIn(payload, 'package.package_version.prerelease'),
        updatedAt: optionalTimeIn(payload, 'package.updated_at'),
      }),
    ];
  },
  repository: (webhook) => [repositoryChanged(webhook)],
  public: (webhook) => [repositoryChanged(webhook, 'publicized')],
  fork: (webhook) => [repositoryChanged(webhook, 'forked')],
  gollum: (webhook) => [repositoryChanged(webhook, 'wiki-edited')],
  repository_import: (webhook) => [repositoryChanged(webhook, `import-${textIn(webhook.payload, 'status')}`)],
  star: (webhook) => [repositoryChanged(webhook, `star-${textIn(webhook.payload, 'action')}`)],
  watch: (webhook) => [repositoryChanged(webhook, `watch-${textIn(webhook.payload, 'action')}`)],
  branch_protection_rule: (webhook) => [
    repositoryChanged(webhook, `protection-${textIn(webhook.payload, 'action')}`),
  ],
} satisfies Readonly<Record<string, WebhookMapper>>;

function referenceChanged(webhook: GitHubWebhook, change: 'created' | 'deleted'): MappedEvent {
  const repository = repositoryOf(webhook.payload);
  const kind = textIn(webhook.payload, 'ref_type');
  if (kind !== 'branch' && kind !== 'tag' && kind !== 'repository') {
    throw new PayloadShapeError('ref_type', "'branch', 'tag' or 'repository'");
  }
  return mapped(ReferenceChanged, {
    ...origin(webhook, `repository:${repository.id}`, change),
    repository,
    kind,
    ref: optionalTextIn(webhook.payload, 'ref'),
  });
}

function pullRequestChanged(webhook: GitHubWebhook): MappedEvent {
  const { payload } = webhook;
  const pullRequestId = idIn(payload, 'pull_request.id');
  const open = textIn(payload, 'pull_request.state') === 'open';
  const merged = optionalTextIn(payload, 'pull_request.merged_at') !== null;
  return mapped(PullRequestChanged, {
    ...origin(webhook, `pull-request:${pullRequestId}`),
    repository: repositoryOf(payload),
    pullRequestId,
    number: numberIn(payload, 'pull_request.number'),
    title: textIn(payload, 'pull_request.title'),
    state: open ? 'open' : merged ? 'merged' : 'closed',
    draft: flagIn(payload, 'pull_request.draft'),
    headSha: textIn(payload, 'pull_request.head.sha'),
    updatedAt: timeIn(payload, 'pull_request.updated_at'),
  });
}

function pullRequestReviewed(
  webhook: GitHubWebhook,
  kind: 'review' | 'comment' | 'thread',
  verdict: string | null,
): MappedEvent {
  const { payload } = webhook;
  const pullRequestId = idIn(payload, 'pull_request.id');
  return mapped(PullRequestReviewed, {
    ...origin(webhook, `pull-request:${pullRequestId}`),
    repository: repositoryOf(payload),
    pullRequestId,
    number: numberIn(payload, 'pull_request.number'),
    kind,
    verdict,
  });
}

function repositoryChanged(webhook: GitHubWebhook, change?: string): MappedEvent {
  const repository = repositoryOf(webhook.payload);
  return mapped(RepositoryChanged, {
    ...origin(webhook, `repository:${repository.id}`, change),
    repository,
    defaultBranch: optionalTextIn(webhook.payload, 'repository.default_branch'),
  });
}
