/** GitHub events about planning and talk: issues, comments, discussions, labels, milestones, boards. */
import {
  CommentChanged,
  DiscussionChanged,
  IssueChanged,
  PlanningChanged,
} from '../../../../catalog/index.ts';
import { mapped } from './mapped.ts';
import type { MappedEvent, WebhookMapper } from './mapped.ts';
import { optionalRepositoryOf, origin, repositoryOf } from './origin.ts';
import type { GitHubWebhook } from './origin.ts';
import { idIn, itemsIn, numberIn, optionalTextIn, textIn, timeIn } from './payload.ts';

type PlanningKind = 'label' | 'milestone' | 'project' | 'project-card' | 'project-column' | 'project-item';

export const planningMappers = {
  issues: (webhook) => {
    const { payload } = webhook;
    const issueId = idIn(payload, 'issue.id');
    return [
      mapped(IssueChanged, {
        ...origin(webhook, `issue:${issueId}`),
        repository: repositoryOf(payload),
        issueId,
        number: numberIn(payload, 'issue.number'),
        title: textIn(payload, 'issue.title'),
        state: optionalTextIn(payload, 'issue.state') === 'closed' ? 'closed' : 'open',
        labels: itemsIn(payload, 'issue.labels').map((label) => textIn(label, 'name')),
        updatedAt: timeIn(payload, 'issue.updated_at'),
      }),
    ];
  },
  issue_comment: (webhook) => [
    commentChanged(webhook, 'issue', `issue:${idIn(webhook.payload, 'issue.id')}`),
  ],
  commit_comment: (webhook) => [
    commentChanged(webhook, 'commit', `commit:${textIn(webhook.payload, 'comment.commit_id')}`),
  ],
  discussion_comment: (webhook) => [
    commentChanged(webhook, 'discussion', `discussion:${idIn(webhook.payload, 'discussion.id')}`),
  ],
  discussion: (webhook) => {
    const { payload } = webhook;
    const discussionId = idIn(payload, 'discussion.id');
    return [
      mapped(DiscussionChanged, {
        ...origin(webhook, `discussion:${discussionId}`),
        repository: repositoryOf(payload),
        discussionId,
        number: numberIn(payload, 'discussion.number'),
        title: textIn(payload, 'discussion.title'),
        state: textIn(payload, 'discussion.state'),
        updatedAt: timeIn(payload, 'discussion.updated_at'),
      }),
    ];
  },
  label: (webhook) => [planningChanged(webhook, 'label', 'label', 'name')],
  milestone: (webhook) => [planningChanged(webhook, 'milestone', 'milestone', 'title')],
  project: (webhook) => [planningChanged(webhook, 'project', 'project', 'name')],
  project_card: (webhook) => [planningChanged(webhook, 'project-card', 'project_card', 'note')],
  project_column: (webhook) => [planningChanged(webhook, 'project-column', 'project_column', 'name')],
  projects_v2_item: (webhook) => [
    planningChanged(webhook, 'project-item', 'projects_v2_item', 'content_type'),
  ],
} satisfies Readonly<Record<string, WebhookMapper>>;

function commentChanged(
  webhook: GitHubWebhook,
  on: 'issue' | 'commit' | 'discussion',
  subject: string,
): MappedEvent {
  const { payload } = webhook;
  return mapped(CommentChanged, {
    ...origin(webhook, subject),
    repository: repositoryOf(payload),
    commentId: idIn(payload, 'comment.id'),
    on,
    // The text itself stays at GitHub: it may hold anything.
    characters: textIn(payload, 'comment.body').length,
  });
}

function planningChanged(
  webhook: GitHubWebhook,
  kind: PlanningKind,
  field: string,
  titleField: string,
): MappedEvent {
  const { payload } = webhook;
  const itemId = idIn(payload, `${field}.id`);
  return mapped(PlanningChanged, {
    ...origin(webhook, `${kind}:${itemId}`),
    repository: optionalRepositoryOf(payload),
    kind,
    itemId,
    title: optionalTextIn(payload, `${field}.${titleField}`),
  });
}
