/** GitHub events about what runs: checks, statuses, workflows, pages, deployments, and the alerts scanners raise. */
import { BuildChanged, DeploymentChanged, SecurityAlertChanged } from '../../../../catalog/index.ts';
import type { DataOf } from '../../../../lib/contracts/index.ts';
import { mapped } from './mapped.ts';
import type { MappedEvent, WebhookMapper } from './mapped.ts';
import { optionalRepositoryOf, origin, repositoryOf } from './origin.ts';
import type { GitHubWebhook } from './origin.ts';
import { idIn, optionalIdIn, optionalTextIn, textIn } from './payload.ts';

type Build = DataOf<typeof BuildChanged>;
type SecurityAlert = DataOf<typeof SecurityAlertChanged>;

export const buildMappers = {
  check_run: (webhook) => [runningBuild(webhook, 'check-run', 'check_run')],
  check_suite: (webhook) => [runningBuild(webhook, 'check-suite', 'check_suite')],
  workflow_run: (webhook) => [runningBuild(webhook, 'workflow-run', 'workflow_run')],
  workflow_job: (webhook) => [runningBuild(webhook, 'workflow-job', 'workflow_job')],
  status: (webhook) => {
    const { payload } = webhook;
    const sha = textIn(payload, 'sha');
    const state = textIn(payload, 'state');
    return [
      build(webhook, 'status', `commit:${sha}`, state, {
        name: textIn(payload, 'context'),
        sha,
        outcome: outcomeOf(state),
      }),
    ];
  },
  page_build: (webhook) => {
    const { payload } = webhook;
    const status = textIn(payload, 'build.status');
    return [
      build(webhook, 'page', `page-build:${idIn(payload, 'id')}`, status, {
        name: null,
        sha: optionalTextIn(payload, 'build.commit'),
        outcome: outcomeOf(status),
      }),
    ];
  },
  workflow_dispatch: (webhook) => [dispatched(webhook, textIn(webhook.payload, 'workflow'), 'dispatched')],
  repository_dispatch: (webhook) => [dispatched(webhook, textIn(webhook.payload, 'action'), 'dispatched')],
  merge_group: (webhook) => {
    const sha = textIn(webhook.payload, 'merge_group.head_sha');
    return [
      build(webhook, 'merge-group', `commit:${sha}`, undefined, {
        name: textIn(webhook.payload, 'merge_group.head_ref'),
        sha,
        outcome: 'pending',
      }),
    ];
  },
  deployment: (webhook) => [deploymentChanged(webhook, 'requested')],
  deployment_status: (webhook) => [
    deploymentChanged(webhook, textIn(webhook.payload, 'deployment_status.state')),
  ],
  deployment_review: (webhook) => [
    mapped(DeploymentChanged, {
      ...origin(webhook, `workflow-run:${idIn(webhook.payload, 'workflow_run.id')}`),
      repository: repositoryOf(webhook.payload),
      deploymentId: null,
      environment: textIn(webhook.payload, 'environment'),
      state: 'waiting',
    }),
  ],
  code_scanning_alert: (webhook) => {
    const { payload } = webhook;
    const repository = repositoryOf(payload);
    const alertId = idIn(payload, 'alert.number');
    return [
      alert(webhook, 'code', `code-alert:${repository.id}/${alertId}`, {
        alertId,
        severity: optionalTextIn(payload, 'alert.rule.severity'),
        advisory: null,
      }),
    ];
  },
  dependabot_alert: (webhook) => {
    const { payload } = webhook;
    const repository = repositoryOf(payload);
    const alertId = idIn(payload, 'alert.number');
    return [
      alert(webhook, 'dependency', `dependency-alert:${repository.id}/${alertId}`, {
        alertId,
        severity: optionalTextIn(payload, 'alert.security_advisory.severity'),
        advisory: optionalTextIn(payload, 'alert.security_advisory.ghsa_id'),
      }),
    ];
  },
  repository_vulnerability_alert: (webhook) => {
    const { payload } = webhook;
    const alertId = idIn(payload, 'alert.id');
    return [
      alert(webhook, 'dependency', `vulnerability-alert:${alertId}`, {
        alertId,
        severity: optionalTextIn(payload, 'alert.severity'),
        advisory: optionalTextIn(payload, 'alert.ghsa_id'),
      }),
    ];
  },
  security_advisory: (webhook) => {
    const { payload } = webhook;
    const advisory = textIn(payload, 'security_advisory.ghsa_id');
    return [
      alert(webhook, 'advisory', `advisory:${advisory}`, {
        alertId: advisory,
        severity: optionalTextIn(payload, 'security_advisory.severity'),
        advisory,
      }),
    ];
  },
} satisfies Readonly<Record<string, WebhookMapper>>;

/** GitHub's statuses and conclusions, told as ours. A word not listed is still running. */
const OUTCOMES: ReadonlyMap<string, Build['outcome']> = new Map([
  ['success', 'success'],
  ['built', 'success'],
  ['failure', 'failure'],
  ['error', 'failure'],
  ['errored', 'failure'],
  ['timed_out', 'failure'],
  ['action_required', 'failure'],
  ['startup_failure', 'failure'],
  ['cancelled', 'cancelled'],
  ['neutral', 'neutral'],
  ['skipped', 'neutral'],
  ['stale', 'neutral'],
]);

function outcomeOf(word: string | null): Build['outcome'] {
  return OUTCOMES.get(word ?? '') ?? 'pending';
}

function runningBuild(webhook: GitHubWebhook, kind: Build['kind'], field: string): MappedEvent {
  const { payload } = webhook;
  return build(webhook, kind, `${kind}:${idIn(payload, `${field}.id`)}`, undefined, {
    name: optionalTextIn(payload, `${field}.name`),
    sha: textIn(payload, `${field}.head_sha`),
    outcome: outcomeOf(optionalTextIn(payload, `${field}.conclusion`)),
  });
}

function dispatched(webhook: GitHubWebhook, name: string, change: string): MappedEvent {
  const repository = repositoryOf(webhook.payload);
  return build(webhook, 'dispatch', `repository:${repository.id}`, change, {
    name,
    sha: null,
    outcome: 'pending',
  });
}

function build(
  webhook: GitHubWebhook,
  kind: Build['kind'],
  subject: string,
  change: string | undefined,
  result: Pick<Build, 'name' | 'sha' | 'outcome'>,
): MappedEvent {
  return mapped(BuildChanged, {
    ...origin(webhook, subject, change),
    repository: repositoryOf(webhook.payload),
    kind,
    ...result,
  });
}

function deploymentChanged(webhook: GitHubWebhook, state: string): MappedEvent {
  const { payload } = webhook;
  const deploymentId = idIn(payload, 'deployment.id');
  return mapped(DeploymentChanged, {
    ...origin(webhook, `deployment:${deploymentId}`, optionalTextIn(payload, 'action') ?? state),
    repository: repositoryOf(payload),
    deploymentId: optionalIdIn(payload, 'deployment.id'),
    environment: textIn(payload, 'deployment.environment'),
    state,
  });
}

function alert(
  webhook: GitHubWebhook,
  kind: SecurityAlert['kind'],
  subject: string,
  facts: Pick<SecurityAlert, 'alertId' | 'severity' | 'advisory'>,
): MappedEvent {
  return mapped(SecurityAlertChanged, {
    ...origin(webhook, subject),
    repository: optionalRepositoryOf(webhook.payload),
    kind,
    ...facts,
  });
}
