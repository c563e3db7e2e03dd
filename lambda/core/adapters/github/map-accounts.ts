/** GitHub events about accounts: who may do what, and where our app is installed. */
import {
  AccessChanged,
  InstallationChanged,
  RepositoryConnected,
  RepositoryDisconnected,
} from '../../../../catalog/index.ts';
import type { DataOf } from '../../../../lib/contracts/index.ts';
import { mapped } from './mapped.ts';
import type { MappedEvent, WebhookMapper } from './mapped.ts';
import { optionalRepositoryOf, origin, repositoryFact, widestSubjectOf } from './origin.ts';
import type { GitHubWebhook } from './origin.ts';
import { idIn, itemsIn, optionalIdIn, textIn } from './payload.ts';

export const accountMappers = {
  member: (webhook) => [accessChanged(webhook, 'member', 'member.id')],
  membership: (webhook) => [accessChanged(webhook, 'membership', 'member.id')],
  organization: (webhook) => [accessChanged(webhook, 'organization', 'membership.user.id')],
  org_block: (webhook) => [accessChanged(webhook, 'block', 'blocked_user.id')],
  team: (webhook) => [accessChanged(webhook, 'team', null)],
  team_add: (webhook) => [accessChanged(webhook, 'team', null)],
  deploy_key: (webhook) => [accessChanged(webhook, 'deploy-key', null)],
  github_app_authorization: (webhook) => [accessChanged(webhook, 'authorization', 'sender.id')],
  installation: (webhook) => {
    const action = textIn(webhook.payload, 'action');
    return [
      installationChanged(webhook),
      ...(action === 'created' ? connections(webhook, 'repositories', RepositoryConnected) : []),
      ...(action === 'deleted' ? connections(webhook, 'repositories', RepositoryDisconnected) : []),
    ];
  },
  installation_repositories: (webhook) => [
    installationChanged(webhook),
    ...connections(webhook, 'repositories_added', RepositoryConnected),
    ...connections(webhook, 'repositories_removed', RepositoryDisconnected),
  ],
} satisfies Readonly<Record<string, WebhookMapper>>;

function accessChanged(
  webhook: GitHubWebhook,
  kind: DataOf<typeof AccessChanged>['kind'],
  userIdPath: string | null,
): MappedEvent {
  return mapped(AccessChanged, {
    ...origin(webhook, widestSubjectOf(webhook.payload)),
    repository: optionalRepositoryOf(webhook.payload),
    kind,
    subjectUserId: userIdPath === null ? null : optionalIdIn(webhook.payload, userIdPath),
  });
}

function installationChanged(webhook: GitHubWebhook): MappedEvent {
  const installationId = idIn(webhook.payload, 'installation.id');
  return mapped(InstallationChanged, {
    ...origin(webhook, `installation:${installationId}`),
    installationId,
    accountId: optionalIdIn(webhook.payload, 'installation.account.id'),
  });
}

/** One event for each repository of a list, so that each is in order with what else happens to it. */
function connections(
  webhook: GitHubWebhook,
  list: string,
  contract: typeof RepositoryConnected | typeof RepositoryDisconnected,
): readonly MappedEvent[] {
  const installationId = idIn(webhook.payload, 'installation.id');
  return itemsIn(webhook.payload, list).map((item) => {
    const repository = repositoryFact(item);
    return mapped(contract, {
      ...origin(webhook, `repository:${repository.id}`),
      repository,
      installationId,
    });
  });
}
